"""A video in memory and what the layer needs around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.media import MemoryFrameSource
from datalake.adapters.ports import DecodedWindow, Frame, FrameRow, Image, Window
from datalake.contracts import BronzeVideo, Finding, SilverVideo, WorkIdentity
from datalake.frame_parts import read_frames
from datalake.pipeline import run_layer

ASSET_ID = "ab" * 32
HEIGHT_PX, WIDTH_PX = 96, 128
FRAME_BYTES = HEIGHT_PX * WIDTH_PX * 3


def scene(number: int) -> Image:
    """A picture of its own: smooth shapes, in other places and colours for every number."""
    noise = np.random.default_rng(number).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


def grainy(image: Image, seed: int) -> Image:
    """The picture as a camera on a tripod sees it again: the same, with a little noise."""
    noise = np.random.default_rng(seed).integers(-3, 4, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def video(images: Sequence[Image]) -> list[Frame]:
    """One frame a second."""
    return [Frame(second * 1_000_000, second * 25, image) for second, image in enumerate(images)]


class CountingFrameSource(MemoryFrameSource):
    """Notes which windows were decoded."""

    def __init__(self, frames: Sequence[Frame], **told: Mapping[int, Finding]) -> None:
        super().__init__(frames, duration_s=float(len(frames)), **told)
        self.decoded_windows: list[int] = []

    def decoded(self, window: Window) -> DecodedWindow:
        self.decoded_windows.append(window.index)
        return super().decoded(window)


def rows_of(lake: MemoryLake, silver: SilverVideo) -> list[FrameRow]:
    return [row for key in silver.part_keys for row in read_frames(lake, key)]


@pytest.fixture
def bronze_video() -> BronzeVideo:
    return BronzeVideo(asset_id=ASSET_ID, size_bytes=1, raw_key=f"bronze/ab/{ASSET_ID}/raw")


@pytest.fixture
def work() -> WorkIdentity:
    return WorkIdentity(asset_id=ASSET_ID, model="memory", settings_hash="0123456789abcdef")


@pytest.fixture
def lake() -> MemoryLake:
    return MemoryLake()


@pytest.fixture
def run_silver(bronze_video: BronzeVideo, work: WorkIdentity, lake: MemoryLake) -> Callable[..., SilverVideo]:
    """`run_silver(frame_source)` takes a video through the whole layer; windows of three frames."""

    def run(frame_source: MemoryFrameSource, **other: Any) -> SilverVideo:
        inputs = {
            "bronze_video": bronze_video,
            "work": work,
            "lake": lake,
            "frame_source": frame_source,
            "embedder": MemoryEmbedder(),
            "sampling": "interval",
            "interval_s": 1.0,
            "max_frames": 1000,
            "window_max_bytes": 3 * FRAME_BYTES,
            "duration_limit_s": None,
            "duplicate_max_bits": 4,
            "jpeg_quality": 90,
            "crop": False,
            "labels": True,
            "validation_mode": "strict",
        }
        silver = run_layer("silver", {**inputs, **other})
        assert isinstance(silver, SilverVideo)
        return silver

    return run
