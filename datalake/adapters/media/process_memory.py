"""How much memory a process has in use, as the kernel counts it."""

from __future__ import annotations

import os
from pathlib import Path

_HELD = ("RssAnon:", "RssShmem:")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int:
    """Memory that a process has in use, pages of files among it; 0 once it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0


def held_bytes(pid: int) -> int:
    """Memory that a process has in use, without pages of files; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_HELD))
