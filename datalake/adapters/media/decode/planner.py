"""Which pictures need not be decoded, and where a seek costs less than decoding on. Pure.

A plan is a guess from times that a container states; that nothing wanted was left out is checked where the
pictures come out, see `PictureStream`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

_SEEK_WORTH_PICTURES = 16  # skipping fewer costs less by decoding on than by entering a group of pictures
_ALONE_WORTH_PICTURES = 4  # the same where the keyframe at the end of the seek is all that is decoded
_ON_SCREEN_PICTURES = 2  # a picture is taken to be on screen for so many at most
_SEEK_BACK_US = (0, 1_000_000, 4_000_000, 16_000_000, 64_000_000)
_LATE_US = _SEEK_BACK_US[1]  # sought by decoding time, a seek to a keyframe lands behind it
FARTHEST_BACK_US = _SEEK_BACK_US[-1]


class Planner:
    """Compares the times wanted now with those of pictures.

    Args:
        frame_rate_fps: pictures a second, about.

    Attributes:
        keyframes_us: about where groups of pictures begin, rising; empty where that is not known.
        are_shown: True where those are the times at which the first picture of each is on screen.
        leaves_out: False where every picture of a group is to be decoded.
    """

    def __init__(self, frame_rate_fps: float) -> None:
        self.keyframes_us: Sequence[int] = ()
        self.are_shown = False
        self._late_us = 0
        self._picture_us = 1_000_000 / frame_rate_fps
        self._wanted_us: Sequence[int] = ()
        self.leaves_out = True

    def know_keyframes(self, times_us: Sequence[int], are_shown: bool) -> None:
        """Plan by them, unless the clock is set back: a seek to a time might then lead to another one."""
        are_rising = all(before <= after for before, after in pairwise(times_us))
        self.keyframes_us, self.are_shown = times_us if are_rising else (), are_shown

    def want(self, wanted_us: Sequence[int]) -> None:
        """From now on these times, rising; of later ones nothing is known. None: every picture is needed."""
        self._wanted_us = wanted_us

    @property
    def wants_some(self) -> bool:
        """False where every picture is needed."""
        return bool(self._wanted_us)

    def is_needed(self, time_us: int, others_us: Iterable[int] = ()) -> bool:
        """True when the picture shown from this time on may be wanted, whatever refers to it.

        Args:
            time_us: when it comes on screen.
            others_us: the same of others, those that are known.
        """
        if not self.leaves_out:
            return True
        following = bisect_left(self._wanted_us, time_us)
        if following == len(self._wanted_us):
            return True
        wanted_us = self._wanted_us[following]
        if wanted_us >= time_us + self._picture_us * _ON_SCREEN_PICTURES:
            return False
        return wanted_us == time_us or not any(time_us < one_us <= wanted_us for one_us in others_us)

    def is_seek_cheaper(self, from_us: int, wanted_us: int) -> bool:
        """True when many pictures lie between one that comes next and the keyframe before a wanted time."""
        landed_us = self._keyframe_before(wanted_us) - self._late_us
        return landed_us - from_us > self._picture_us * _SEEK_WORTH_PICTURES

    def places_us(self, wanted_us: int) -> list[int]:
        """Where to seek to, one after the other, until a picture not after a wanted time is found."""
        from_us = self._keyframe_before(wanted_us) if self.are_shown and self.keyframes_us else wanted_us
        near_us = [from_us - back_us for back_us in sorted({self._late_us, _LATE_US})]
        tries_us = [*near_us, *(wanted_us - back_us for back_us in _SEEK_BACK_US)]
        return list(dict.fromkeys(time_us for time_us in tries_us if 0 <= time_us <= wanted_us))

    def came_late(self) -> None:
        """A seek to one of these places led behind the wanted time: seek further back from now on."""
        self._late_us = _LATE_US if self.are_shown and self.keyframes_us else 0

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
