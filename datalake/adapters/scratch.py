"""Temporary folders and files: those that killed tasks left behind go after a day."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

_STALE_S = 24 * 3600.0


def remove_stale(parent: Path, pattern: str) -> None:
    """Remove what is ours, matches and was not touched for a day; the rest is left alone."""
    for path in parent.glob(pattern):
        with suppress(OSError):  # somebody else removes it, or it is in the lake of another user
            if path.stat().st_uid == os.getuid() and _idle_s(path) > _STALE_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _idle_s(path: Path) -> float:
    """Seconds since it, or what lies in it, was written."""
    within = path.iterdir() if path.is_dir() else ()
    written_at: float = max(each.stat().st_mtime for each in (path, *within))
    return time.time() - written_at
