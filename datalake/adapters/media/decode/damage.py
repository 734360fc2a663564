"""What is on screen: a picture that is whole, or damage in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from av.video.frame import VideoFrame

BEFORE_ALL_US = -(2**62)

_MOST_KEPT = 32  # pictures that are at most between one and its place in order of time


@dataclass
class Damage:
    """Pictures that cannot be had, one after the other; none where it is not known how many."""

    reason: str
    start_us: int
    end_us: int
    pictures: int = 0

    def __str__(self) -> str:
        start, end = self.start_us / 1e6, self.end_us / 1e6
        if self.start_us == self.end_us and not self.pictures:
            return f"nothing from {start:.3f} s on: {self.reason}"
        if not self.pictures:
            return f"nothing between {start:.3f} s and {end:.3f} s: {self.reason}"
        if self.pictures == 1:
            return f"1 picture at {start:.3f} s: {self.reason}"
        return f"{self.pictures} pictures between {start:.3f} s and {end:.3f} s: {self.reason}"


class Picture(NamedTuple):
    """What is on screen from a time on: a frame, or damage in its place.

    Attributes:
        left_out_us: time of the first picture before it that was not decoded, behind the last one shown.
    """

    time_us: int
    pts: int = 0
    frame: VideoFrame | None = None
    damage: Damage | None = None
    left_out_us: int | None = None


@dataclass
class Skipped:
    """What is handed out in place of a damaged packet and those up to the next keyframe.

    Attributes:
        pictures: damaged ones and whole ones between them, in no order.
    """

    damage: Damage
    pictures: list[Picture] = field(default_factory=list)

    def add(self, time_us: int) -> None:
        """One more picture that cannot be had; only the first are kept, a group may be hours long."""
        damage = self.damage
        damage.pictures += 1
        damage.start_us, damage.end_us = min(damage.start_us, time_us), max(damage.end_us, time_us)
        if damage.pictures <= _MOST_KEPT:
            self.pictures.append(Picture(time_us, damage=damage))
