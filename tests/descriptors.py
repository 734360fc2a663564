"""What this process has open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def open_files() -> list[str]:
    """Where open descriptors lead, sorted; not to /proc, where threads of pools open and close files."""
    return sorted(name for name, _ in _open() if not name.startswith("/proc/"))


def open_inodes(name: str) -> list[int]:
    """Inodes of what is open under a name that holds this one, sorted."""
    return sorted(inode for found, inode in _open() if name in found)


def _open() -> Iterator[tuple[str, int]]:
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # another thread has closed it meanwhile
            yield str(link.readlink()), link.stat().st_ino
