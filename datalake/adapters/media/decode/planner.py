"""Which pictures have to be decoded so that the ones on screen at wanted times come out. Pure.

A picture that no other refers to (a non-reference one) is needed only if it is wanted itself, and where the
next wanted time lies groups of pictures ahead, a seek there costs less than decoding up to it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

SEEK_WORTH_PICTURES = 16  # skipping fewer costs less by decoding on than by a seek
_BEFORE_ALL_US = -(2**62)


class Verdict(Enum):
    """What is to be done with the next picture in order of decoding."""

    DECODE = auto()
    DECODE_IF_REFERRED_TO = auto()
    LEAVE = auto()


@dataclass(frozen=True)
class Neighbours:
    """When the pictures around one in order of decoding are on screen, microseconds; both in rising order.

    Attributes:
        passed: of the pictures decoded before it, as far back as pictures are reordered.
        coming: its own, and of those behind it in the file, as far.
        is_known: False when some of them have no time, or were not read so far ahead.
    """

    passed: Sequence[int]
    coming: Sequence[int]
    is_known: bool = True

    def following_us(self, time_us: int) -> int | None:
        """When the picture after the one at this time is on screen; None where that is not known."""
        found = [(times, bisect_right(times, time_us)) for times in (self.passed, self.coming)]
        return min((times[at] for times, at in found if at < len(times)), default=None)


class Planner:
    """Compares the wanted times with what is coming.

    Args:
        keyframes_us: where groups of pictures begin, rising; empty where that is not known.
        frame_rate_fps: pictures a second, about.

    Attributes:
        can_leave: False where seeks in this file lead nowhere.
    """

    def __init__(self, keyframes_us: Sequence[int], frame_rate_fps: float) -> None:
        self._keyframes_us = keyframes_us
        self._seek_worth_us = SEEK_WORTH_PICTURES / frame_rate_fps * 1_000_000
        self._wanted_us: Sequence[int] = ()
        self._first = 0  # of the wanted times whose picture is still to come
        self._sought_us = _BEFORE_ALL_US
        self.can_leave = True

    @property
    def next_wanted_us(self) -> int | None:
        """The first wanted time whose picture was still to come at the last verdict."""
        return self._wanted_us[self._first] if self._first < len(self._wanted_us) else None

    def want(self, wanted_us: Sequence[int]) -> None:
        """From now on these times, rising; about later ones nothing is known."""
        self._wanted_us, self._first = wanted_us, 0

    def restart(self) -> None:
        """Decoding starts elsewhere: nothing has come yet."""
        self._first = 0

    def sought(self, time_us: int) -> None:
        """There was a seek to this time: wherever it led, another one is no better."""
        self._sought_us = time_us

    def is_seek_cheaper(self, from_us: int, wanted_us: int) -> bool:
        """True when enough pictures lie between one that comes next and the keyframe before a wanted time."""
        groups = self._keyframes_us
        keyframe_us = groups[max(0, bisect_right(groups, wanted_us) - 1)] if groups else 0
        return keyframe_us - from_us > self._seek_worth_us

    def verdict(self, time_us: int, around: Neighbours) -> Verdict:
        """About the picture at this time, the first one of those that are coming in order of decoding."""
        if not around.is_known:
            return Verdict.DECODE
        self._move_on(around)
        wanted_us = self.next_wanted_us
        if wanted_us is None:
            return Verdict.DECODE
        if self._is_left(time_us, wanted_us, around):
            return Verdict.LEAVE
        return Verdict.DECODE if self._is_wanted(time_us, around) else Verdict.DECODE_IF_REFERRED_TO

    def _move_on(self, around: Neighbours) -> None:
        """Leave wanted times behind whose picture has passed: it is known, and so is one after it."""
        while (time_us := self.next_wanted_us) is not None:
            is_coming = _latest(around.coming, time_us) > _latest(around.passed, time_us)
            if is_coming or not around.passed or time_us >= max(around.passed[-1], around.coming[-1]):
                return
            self._first += 1

    def _is_left(self, time_us: int, wanted_us: int, around: Neighbours) -> bool:
        is_passed = bool(around.passed) and around.passed[-1] > wanted_us  # in part: it is out of order
        may_leave = self.can_leave and wanted_us > self._sought_us and not is_passed
        return may_leave and self.is_seek_cheaper(time_us, wanted_us)

    def _is_wanted(self, time_us: int, around: Neighbours) -> bool:
        following_us = around.following_us(time_us)
        at = bisect_left(self._wanted_us, time_us)
        return at == len(self._wanted_us) or following_us is None or self._wanted_us[at] < following_us


def _latest(times: Sequence[int], time_us: int) -> int:
    at = bisect_right(times, time_us)
    return times[at - 1] if at else _BEFORE_ALL_US
