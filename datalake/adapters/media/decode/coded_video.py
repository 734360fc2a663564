"""What decoding has to know of a stream, as its request says it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from datalake.contracts import VideoStream


@dataclass(frozen=True)
class CodedVideo:
    """Fields of `VideoStream`, by the same names; with its class a child starts half as fast.

    Attributes:
        index: number of the stream in its container.
        codec: FFmpeg's name of the codec.
        width_px: after rotation.
        height_px: after rotation.
        rotation_deg: how far the stored picture is turned to be upright: 0, 90, 180 or 270.
        time_base: seconds per tick, as a fraction.
        start_pts: time of the first picture, in ticks.
        frame_rate_fps: on average, as the container says.
        pixel_format: FFmpeg's name of it.
    """

    index: int
    codec: str
    width_px: int
    height_px: int
    rotation_deg: int
    time_base: tuple[int, int]
    start_pts: int | None
    frame_rate_fps: float | None
    pixel_format: str | None

    @classmethod
    def of(cls, video: VideoStream) -> Self:
        """Of what the probe said."""
        return cls(**{field.name: getattr(video, field.name) for field in fields(cls)})
