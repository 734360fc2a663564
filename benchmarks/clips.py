"""Clips of any size with content that moves, made once a machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from datalake.settings import cache_folder

FULL_HD = (1920, 1080)
FPS = 25

Image = npt.NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height in pixels; multiples of 8."""


@dataclass(frozen=True)
class Recipe:
    """What a clip looks like.

    Attributes:
        size: of its pictures.
        gop_frames: from one keyframe to the next.
        is_moving: all of the picture moves, and it is encoded as most videos are, with B-frames; else only a
            box does, which is encoded faster.
    """

    size: Size = FULL_HD
    gop_frames: int = 50
    is_moving: bool = False

    def __str__(self) -> str:
        return f"{self.size[0]}x{self.size[1]}-{self.gop_frames}{'-moving' if self.is_moving else ''}"


STILL = Recipe()


def clip(seconds: int, seed: int = 0, recipe: Recipe = STILL) -> Path:
    """An H.264 MP4 at 25 frames a second: a new scene every second, and a box that moves.

    Its index stands first, so a file that breaks off can still be opened.
    """
    code = hashlib.sha256(Path(__file__).read_bytes() + av.__version__.encode()).hexdigest()[:12]
    path = cache_folder() / f"benchmark-clips-{code}" / f"{seconds}s-{seed}-{recipe}.mp4"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.half.mp4")
        _write(half, seconds, seed, recipe)
        half.replace(path)
    return path


def long_clip(seconds: int, seed: int = 0, recipe: Recipe = STILL) -> Path:
    """The same clip of a minute over and over, until it is so long (whole minutes): copied, not encoded."""
    minute = clip(60, seed, recipe)
    path = minute.with_name(f"long-{seconds}s-{seed}-{recipe}.mp4")
    if not path.exists():
        half = path.with_suffix(f".{os.getpid()}.half.mp4")
        _repeat(minute, half, seconds // 60)
        half.replace(path)
    return path


def _repeat(minute: Path, path: Path, times: int) -> None:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as target:
        stream = None
        for turn in range(times):
            with av.open(str(minute)) as source:
                video = source.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    shift = round(turn * 60 / packet.time_base)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    target.mux(packet)


def _write(path: Path, seconds: int, seed: int, recipe: Recipe) -> None:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS)
        (stream.width, stream.height), stream.pix_fmt = recipe.size, "yuv420p"
        preset = "veryfast" if recipe.is_moving else "ultrafast"
        stream.codec_context.options = {"preset": preset, "crf": "23", "x264-params": "scenecut=0"}
        stream.codec_context.gop_size = recipe.gop_frames
        for number, image in enumerate(_pictures(seconds, seed, recipe)):
            frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _pictures(seconds: int, seed: int, recipe: Recipe) -> Iterator[Image]:
    """Planar YUV 4:2:0, (height * 3 / 2, width)."""
    width, height = recipe.size
    box = 2 * height // 9
    for second in range(seconds):
        scene = _scene(seed * 1_000_003 + second, recipe.size)
        for number in range(FPS):
            picture = np.roll(scene, 4 * number, axis=1) if recipe.is_moving else scene.copy()
            left = (second * 97 + number * 31) % (width - box)
            top = (second * 53 + number * 17) % (height - box)
            picture[top : top + box, left : left + box] = 235 - 5 * number
            yield picture


def _scene(seed: int, size: Size) -> Image:
    """Smooth shapes with fine grain: neither trivial to encode nor noise."""
    full_width, full_height = size
    random = np.random.default_rng(seed)
    planes = []
    for height, width, cells in ((full_height, full_width, 9), (full_height // 2, full_width, 5)):
        rough = random.integers(24, 232, (cells, 2 * cells), dtype=np.uint8)
        smooth = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        small = (-(-height // 4), -(-width // 4))
        grain = random.integers(-6, 7, small, dtype=np.int16).repeat(4, 0).repeat(4, 1)
        planes.append(np.clip(smooth + grain[:height, :width], 16, 235).astype(np.uint8))
    return np.concatenate(planes)
