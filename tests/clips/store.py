"""Where finished test videos are kept: made once a machine, by whoever comes first."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av

from datalake.settings import cache_folder
from tests.clips.recipe import Recipe
from tests.clips.writing import write


@cache
def clips_folder() -> Path:
    """The folder that belongs to this generator and this FFmpeg; another one makes its own videos."""
    digest = hashlib.sha256(f"{av.__version__} {sorted(av.library_versions.items())}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return cache_folder() / f"test-clips-{digest.hexdigest()[:16]}"


def clip(folder: Path, **recipe: object) -> Path:
    """The video of this recipe in `folder`, made if it is not there yet."""
    wanted = Recipe(**recipe)
    return kept(folder / wanted.name, lambda path: write(path, wanted))


def kept(path: Path, make: Callable[[Path], None]) -> Path:
    """The file at `path`; made beside it and renamed, so that runs side by side never see half of it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"half-{os.getpid()}-{uuid.uuid4().hex[:8]}{path.suffix}")
        make(half)
        half.replace(path)
    return path
