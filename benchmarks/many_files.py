"""Many small files that cost little to make."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.clips import Recipe, clip
from datalake.demo.messages import with_free_box

_CLIPS = 8


def different_files(folder: Path, name: str, count: int, seconds: int, recipe: Recipe) -> list[Path]:
    """So many files that show eight clips in turn; no two have the same bytes, of any two calls."""
    contents = [clip(seconds, seed, recipe).read_bytes() for seed in range(min(_CLIPS, count))]
    paths = [folder / f"{name}-{number:04}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(with_free_box(contents[number % len(contents)], os.urandom(16)))
    return paths
