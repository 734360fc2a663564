"""Which pictures need not be decoded, and where a seek costs less than decoding on. Pure.

A plan is a guess from times that a container states; that nothing wanted was left out is checked where the
pictures come out, see `PictureStream`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

_SEEK_WORTH_PICTURES = 16  # skipping fewer costs less by decoding on than by entering a group of pictures
_ALONE_WORTH_PICTURES = 4  # the same where the keyframe at the end of the seek is all that is decoded
_ON_SCREEN_PICTURES = 2  # a picture is taken to be on screen for so many at most


class Planner:
    """Compares the times wanted now with those of pictures.

    Args:
        frame_rate_fps: pictures a second, about.

    Attributes:
        keyframes_us: about where groups of pictures begin, rising; empty where that is not known.
        leaves_out: False where every picture of a group is to be decoded.
    """

    def __init__(self, frame_rate_fps: float) -> None:
        self.keyframes_us: Sequence[int] = ()
        self._picture_us = 1_000_000 / frame_rate_fps
        self._wanted_us: Sequence[int] = ()
        self.leaves_out = True

    def want(self, wanted_us: Sequence[int]) -> None:
        """From now on these times, rising; of later ones nothing is known. None: every picture is needed."""
        self._wanted_us = wanted_us

    def is_needed(self, time_us: int) -> bool:
        """True when the picture shown from this time on may be wanted, whatever refers to it."""
        if not self.leaves_out:
            return True
        following = bisect_left(self._wanted_us, time_us)
        if following == len(self._wanted_us):
            return True
        return self._wanted_us[following] < time_us + self._picture_us * _ON_SCREEN_PICTURES

    def is_seek_cheaper(self, from_us: int, wanted_us: int) -> bool:
        """True when many pictures lie between one that comes next and the keyframe before a wanted time."""
        return self._keyframe_before(wanted_us) - from_us > self._picture_us * _SEEK_WORTH_PICTURES

    def is_alone(self, wanted_us: int) -> bool:
        """True when a keyframe is wanted at its own time, and none of those that refer to it is wanted."""
        if not self.keyframes_us or not self._wanted_us or self._keyframe_before(wanted_us) != wanted_us:
            return False
        following = bisect_right(self._wanted_us, wanted_us)
        if following == len(self._wanted_us):
            return True
        skipped_us = self._keyframe_before(self._wanted_us[following]) - wanted_us
        return skipped_us > self._picture_us * _ALONE_WORTH_PICTURES

    def _keyframe_before(self, time_us: int) -> int:
        """Time of the last keyframe not after another time; of the first, where there is none."""
        groups = self.keyframes_us
        return groups[max(0, bisect_right(groups, time_us) - 1)] if groups else 0
