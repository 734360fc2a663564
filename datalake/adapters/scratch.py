"""Temporary folders: those that killed tasks left behind go after a day."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

_STALE_S = 24 * 3600.0


def remove_stale(parent: Path, pattern: str) -> None:
    """Remove our folders that match and in which nothing was touched for a day; others are left alone."""
    for folder in parent.glob(pattern):
        with suppress(OSError):  # somebody else removes it, or it is in the lake of another user
            if folder.is_dir() and folder.stat().st_uid == os.getuid() and _idle_s(folder) > _STALE_S:
                shutil.rmtree(folder)


def _idle_s(folder: Path) -> float:
    return time.time() - max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
