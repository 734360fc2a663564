"""What a test video is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Literal

from tests.clips.pictures import Look

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Recipe:
    """What to make; two equal recipes are the same file.

    Args:
        rotation_deg: clockwise, for the stored picture to be seen upright.
        times_ms: when each frame is shown, where the rate varies; else `frames` at `fps`.
        start_ms: added to the time of every frame; negative times need `avoid_negative_ts=disabled`.
        extra_px: columns and rows added to the right and below; 1 makes odd sizes.
        has_picture: False leaves a file with sound only.
        audio: True or "silence", or "tone" (440 Hz).
        audio_layout: channels of the sound, as FFmpeg names them.
        audio_ms: how long the sound is; None: as long as the picture.
        quiet_ms: silence before the tone.
        second_audio_ms: how long a second sound track is; 0: there is none.
        colour: "hdr10" (PQ) and "hlg" are 10 bit in BT.2020.
        params: appended to x264-params or x265-params, e.g. "open-gop=1:b-pyramid=normal".
        tags: of the container, e.g. (("title", "x"), ("creation_time", "2024-05-06T07:08:09Z")).
        muxer_options: e.g. (("movflags", "frag_keyframe+empty_moov"),).
        codec_options: win over the ones that the codec gets by itself.
    """

    suffix: str = ".mp4"
    codec: str = "libx264"
    frames: int = 60
    fps: int | Fraction = 30
    gop: int = 15
    b_frames: int = 0
    rotation_deg: int = 0
    times_ms: tuple[int, ...] = ()
    start_ms: int = 0
    scale: int = 1
    extra_px: int = 0
    look: Look = "moving"
    has_picture: bool = True
    audio: bool | Literal["silence", "tone"] = False
    audio_layout: str = "mono"
    audio_ms: int | None = None
    quiet_ms: int = 0
    second_audio_ms: int = 0
    colour: Literal["", "hdr10", "hlg"] = ""
    pixel_format: str = "yuv420p"
    pixel_aspect: tuple[int, int] = (1, 1)
    interlaced: bool = False
    params: str = ""
    movflags: str = ""
    tags: Pairs = ()
    muxer_options: Pairs = ()
    codec_options: Pairs = ()

    @property
    def pts_ms(self) -> tuple[float, ...]:
        """Presentation time of each frame; variable where `times_ms` says so."""
        times = self.times_ms or tuple(1000 * number / self.fps for number in range(self.frames))
        return tuple(self.start_ms + time for time in times)

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick for the encoder; the older codecs want whole frames."""
        whole = self.codec in ("mpeg4", "mpeg2video", "flv") or self.suffix == ".avi"
        return Fraction(1, self.fps) if whole else Fraction(1, 90_000)

    @property
    def stored_format(self) -> str:
        """The encoder's pixel format."""
        return "yuv420p10le" if self.colour else self.pixel_format

    @property
    def name(self) -> str:
        """File name that stands for the whole recipe."""
        text = "|".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))
        return hashlib.sha256(text.encode()).hexdigest()[:16] + self.suffix
