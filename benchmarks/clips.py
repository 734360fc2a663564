"""Full-size clips with content that moves, made once a machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from datalake.settings import cache_folder

WIDTH_PX, HEIGHT_PX = 1920, 1080
FPS = 25
GOP_FRAMES = 50
_BOX_PX = 240

Image = npt.NDArray[np.uint8]


def clip(seconds: int, seed: int = 0) -> Path:
    """An H.264 MP4 of 1920x1080 at 25 frames a second: a new scene every second, and a box that moves."""
    recipe = hashlib.sha256(Path(__file__).read_bytes() + av.__version__.encode()).hexdigest()[:12]
    path = cache_folder() / f"benchmark-clips-{recipe}" / f"{seconds}s-{seed}.mp4"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half.mp4")
        _write(half, seconds, seed)
        half.replace(path)
    return path


def _write(path: Path, seconds: int, seed: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "crf": "23", "x264-params": "scenecut=0"}
        stream.codec_context.gop_size = GOP_FRAMES
        for number, image in enumerate(_pictures(seconds, seed)):
            frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _pictures(seconds: int, seed: int) -> Iterator[Image]:
    """Planar YUV 4:2:0, (height * 3 / 2, width)."""
    for second in range(seconds):
        scene = _scene(seed * 1_000_003 + second)
        for number in range(FPS):
            picture = scene.copy()
            left = (second * 97 + number * 31) % (WIDTH_PX - _BOX_PX)
            top = (second * 53 + number * 17) % (HEIGHT_PX - _BOX_PX)
            picture[top : top + _BOX_PX, left : left + _BOX_PX] = 235 - 5 * number
            yield picture


def _scene(seed: int) -> Image:
    """Smooth shapes with fine grain: neither trivial to encode nor noise."""
    random = np.random.default_rng(seed)
    planes = []
    for height, width, cells in ((HEIGHT_PX, WIDTH_PX, 9), (HEIGHT_PX // 2, WIDTH_PX, 5)):
        rough = random.integers(24, 232, (cells, 2 * cells), dtype=np.uint8)
        smooth = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        grain = random.integers(-6, 7, (height // 4, width // 4), dtype=np.int16).repeat(4, 0).repeat(4, 1)
        planes.append(np.clip(smooth + grain[:height, :width], 16, 235).astype(np.uint8))
    return np.concatenate(planes)
