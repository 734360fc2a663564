"""Small test videos, made by PyAV: every frame carries its own number as a bar code, over moving content.

`clip(folder, ...)` writes one and returns its path; `frame_number(image)` reads the number back, so a
test can say exactly which frame it was given, whatever the codec did to the pixels.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

BITS = 10
CELL_PX = 16
WIDTH_PX = BITS * CELL_PX
HEIGHT_PX = 96
MUXERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".ts": "mpegts", ".avi": "avi"}

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Recipe:
    """What to make; two equal recipes are the same file."""

    suffix: str = ".mp4"
    codec: str = "libx264"
    frames: int = 60
    fps: int = 30
    gop: int = 15
    b_frames: int = 0
    rotation_deg: int = 0  # clockwise, for the stored picture to be seen upright
    times_ms: tuple[int, ...] = ()
    start_ms: int = 0
    scale: int = 1
    audio: bool = False
    movflags: str = ""
    codec_options: tuple[tuple[str, str], ...] = ()

    @property
    def pts_ms(self) -> tuple[float, ...]:
        """Presentation time of each frame; variable where `times_ms` says so."""
        times = self.times_ms or tuple(1000 * number / self.fps for number in range(self.frames))
        return tuple(self.start_ms + time for time in times)

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick for the encoder; the older codecs want whole frames."""
        return Fraction(1, self.fps) if self.codec in ("mpeg4", "mpeg2video") else Fraction(1, 90_000)

    @property
    def name(self) -> str:
        """File name that stands for the whole recipe."""
        text = "|".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))
        return hashlib.sha256(text.encode()).hexdigest()[:16] + self.suffix


def clip(folder: Path, **recipe: object) -> Path:
    """The video of this recipe in `folder`, made if it is not there yet."""
    wanted = Recipe(**recipe)  # type: ignore[arg-type]
    path = folder / wanted.name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".half{wanted.suffix}")
        _write(half, wanted)
        half.replace(path)
    return path


def picture(number: int, scale: int = 1) -> Image:
    """Frame `number`: a bar code of its bits on top, a box that moves below; RGB."""
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), 96, np.uint8)
    for bit in range(BITS):
        image[: 2 * CELL_PX, bit * CELL_PX : (bit + 1) * CELL_PX] = 235 if number >> bit & 1 else 16
    left = (number * 5) % (WIDTH_PX - 32)
    image[48:80, left : left + 32] = (220, 60 + number % 120, 40)
    return image.repeat(scale, 0).repeat(scale, 1)


def frame_number(image: Image) -> int:
    """The number in an upright frame's bar code."""
    scale = image.shape[1] // WIDTH_PX
    row = image[CELL_PX * scale, CELL_PX * scale // 2 :: CELL_PX * scale].mean(axis=1)
    return sum(1 << bit for bit in range(BITS) if row[bit] > 128)


def _write(path: Path, recipe: Recipe) -> None:
    options = {"movflags": recipe.movflags} if recipe.movflags else {}
    with av.open(str(path), "w", format=MUXERS[recipe.suffix], options=options) as container:
        stream = container.add_stream(recipe.codec, rate=recipe.fps)
        stream.height, stream.width = _stored(0, recipe).shape[:2]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = recipe.time_base
        context.gop_size, context.max_b_frames = recipe.gop, recipe.b_frames
        context.thread_count = 1
        context.options = _encoder_options(recipe)
        if recipe.rotation_deg:
            stream.set_display_rotation(-recipe.rotation_deg)  # counterclockwise
        audio = container.add_stream("aac", rate=48_000) if recipe.audio else None
        for number, time_ms in enumerate(recipe.pts_ms):
            frame = av.VideoFrame.from_ndarray(_stored(number, recipe), format="rgb24")
            frame.pts, frame.time_base = round(time_ms / 1000 / recipe.time_base), recipe.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            _write_silence(container, audio, recipe)


def _stored(number: int, recipe: Recipe) -> Image:
    """The frame as stored: turned so that the display rotation makes it upright again."""
    return np.ascontiguousarray(np.rot90(picture(number, recipe.scale), recipe.rotation_deg // 90))


def _encoder_options(recipe: Recipe) -> dict[str, str]:
    options = {"libx264": {"preset": "ultrafast", "crf": "18"}, "libvpx-vp9": {"deadline": "realtime"}}
    known = dict(options.get(recipe.codec, {}))
    if recipe.codec == "libx265":
        known["x265-params"] = f"log-level=none:bframes={recipe.b_frames}:keyint={recipe.gop}"
    if recipe.codec == "libx264":
        known["x264-params"] = f"scenecut=0:bframes={recipe.b_frames}:keyint={recipe.gop}"
    return known | dict(recipe.codec_options)


def _write_silence(container: av.container.OutputContainer, stream: av.AudioStream, recipe: Recipe) -> None:
    samples = int(48 * (recipe.pts_ms[-1] + 1000 / recipe.fps))
    frame = av.AudioFrame.from_ndarray(np.zeros((1, samples), np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.pts = 48_000, 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
