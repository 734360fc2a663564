from __future__ import annotations

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple, cast

import pytest
from av.packet import Packet

from datalake.adapters.media.decode.lookahead import Lookahead
from datalake.adapters.media.decode.planner import Neighbours, Planner, Verdict

SECOND = 1_000_000
RATE = 25
FRAME = SECOND // RATE


class Coded(NamedTuple):
    """A picture in order of decoding."""

    time_us: int
    is_keyframe: bool
    is_referred_to: bool


def stream(groups: list[int], b_frames: int) -> list[Coded]:
    """Groups of so many pictures: a keyframe, then runs of B-frames, each behind the picture after it."""
    found, start = [], 0
    for length in groups:
        found.append(Coded(start * FRAME, True, True))
        for first in range(start + 1, start + length, b_frames + 1):
            last = min(first + b_frames, start + length - 1)
            found.append(Coded(last * FRAME, False, True))
            found += [Coded(number * FRAME, False, False) for number in range(first, last)]
        start += length
    return found


def plan(pictures: list[Coded], planner: Planner, start: int = 0) -> Iterator[tuple[Coded, Verdict]]:
    packets = (cast("Packet", SimpleNamespace(coded=one, size=1)) for one in pictures[start:])
    for ahead in Lookahead(32, packets, lambda packet: packet.coded.time_us, lambda: 0):
        yield ahead.packet.coded, planner.verdict(ahead.time_us, ahead.around)


def decoded(pictures: list[Coded], wanted_us: list[int]) -> tuple[set[int], int]:
    """Times of the pictures that come out, and how many were decoded for it; seeks go to keyframes."""
    keyframes = [at for at, one in enumerate(pictures) if one.is_keyframe]
    planner = Planner([pictures[at].time_us for at in keyframes], RATE)
    planner.want(wanted_us)
    out, count, start = set(), 0, 0
    while True:
        for one, verdict in plan(pictures, planner, start):
            if verdict is Verdict.LEAVE:
                break
            is_out = verdict is Verdict.DECODE or one.is_referred_to
            count += is_out
            out |= {one.time_us} if is_out else set()
            if planner.next_wanted_us is None:
                return out, count
        else:
            return out, count
        target_us = planner.next_wanted_us
        start = max(at for at in keyframes if pictures[at].time_us <= target_us)
        planner.restart()
        planner.sought(target_us)


def on_screen(pictures: list[Coded], wanted_us: list[int]) -> set[int]:
    return {max(one.time_us for one in pictures if one.time_us <= time_us) for time_us in wanted_us}


@pytest.mark.parametrize("seed", range(200))
def test_what_is_wanted_is_decoded(seed: int) -> None:
    chance = random.Random(seed)
    pictures = stream([chance.randrange(1, 120) for _ in range(chance.randrange(1, 12))], chance.randrange(8))
    end_us = len(pictures) * FRAME
    wanted_us = sorted({chance.randrange(end_us) for _ in range(chance.randrange(1, 20))})
    out, count = decoded(pictures, wanted_us)
    assert on_screen(pictures, wanted_us) <= out
    assert count <= len(pictures) + len(wanted_us) * 32


def test_pictures_that_no_other_refers_to_are_left_out() -> None:
    pictures = stream([250], b_frames=3)
    out, count = decoded(pictures, [number * SECOND for number in range(10)])
    assert {number * SECOND for number in range(10)} <= out
    assert count < 250 / 3


def test_groups_without_a_wanted_time_are_left() -> None:
    pictures = stream([50] * 20, b_frames=2)
    out, count = decoded(pictures, [0, 20 * SECOND])
    assert {0, 20 * SECOND} <= out
    assert count < 10


def test_a_small_step_is_decoded_through() -> None:
    planner = Planner([0, 10 * FRAME, 20 * FRAME], RATE)
    assert not planner.is_seek_cheaper(0, 15 * FRAME)
    assert planner.is_seek_cheaper(0, 20 * FRAME)


def test_nothing_is_left_where_seeks_lead_nowhere() -> None:
    pictures = stream([50] * 4, b_frames=2)
    planner = Planner([0, 50 * FRAME, 100 * FRAME, 150 * FRAME], RATE)
    planner.want([0, 150 * FRAME])
    planner.can_leave = False
    assert Verdict.LEAVE not in {verdict for _, verdict in plan(pictures, planner)}


@pytest.mark.parametrize("wanted_us", [[], [0]], ids=["nothing", "something earlier"])
def test_what_is_not_known_to_be_unwanted_is_decoded(wanted_us: list[int]) -> None:
    planner = Planner([0], RATE)
    planner.want(wanted_us)
    assert planner.verdict(FRAME, Neighbours([0], [FRAME, 2 * FRAME])) is Verdict.DECODE


def test_nothing_is_left_out_where_a_neighbour_has_no_time() -> None:
    planner = Planner([0], RATE)
    planner.want([0, SECOND])
    assert planner.verdict(FRAME, Neighbours([0], [FRAME, 2 * FRAME], is_known=False)) is Verdict.DECODE
