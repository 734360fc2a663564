"""When another picture stands in for one, and what may refer to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from av.packet import Packet

from datalake.adapters.media.decode.look_ahead import Coming, Upcoming
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.stand_ins import StandIns
from tests.datalake.adapters.media.decode.plans import linked

STAND_IN = cast("Packet", SimpleNamespace())


START = linked(1, set(), {1}, is_start=True)
UNKNOWN = START._replace(links=None)
DROPS_ALL = linked(9, {1}, {9})


def stand_ins(*ahead: Coming) -> StandIns:
    """Entered at START; the second picture came next, which refers to the first and is kept with it."""
    upcoming = cast("Upcoming", SimpleNamespace(ahead=lambda: iter(ahead)))
    decoder = cast("PictureDecoder", SimpleNamespace(stand_in=lambda packet, links: STAND_IN))
    found = StandIns(decoder, upcoming)
    found.follow(START)
    found.follow(linked(2, {1}, {1, 2}))
    return found


def second(found: StandIns, wanted: tuple[int, ...] = ()) -> Packet | None:
    """What stands in for the second picture."""
    return found.instead_of(cast("Packet", SimpleNamespace(pts=2)), 8, lambda time_us: time_us in wanted)


@pytest.mark.parametrize(
    ("ahead", "wanted"),
    [
        ([linked(3, {2}, {1}), DROPS_ALL], ()),
        ([linked(3, {2}, {1, 2, 3}), linked(4, {3}, {1, 2}), DROPS_ALL], ()),  # left out in their turn
        ([linked(3, {1}, {1, 2}), DROPS_ALL], (3,)),
        ([linked(20, {1}, {1, 2, 20}), linked(10, {2}, {1, 20})], ()),  # shown before one decoded by then
    ],
)
def test_one_stands_in_where_only_what_is_left_out_refers_to_it(
    ahead: list[Coming], wanted: tuple[int, ...]
) -> None:
    assert second(stand_ins(*ahead), wanted) is STAND_IN


@pytest.mark.parametrize(
    ("ahead", "wanted"),
    [
        ([linked(3, {2}, {1, 2}), DROPS_ALL], (3,)),
        ([linked(3, {2}, {1, 2, 3}), linked(4, {3}, {1}), DROPS_ALL], (4,)),  # through another
        ([linked(9, {2}, {9})], ()),  # shown behind all others: decoded
        ([linked(3, {1}, {1, 2})], ()),  # nobody knows what comes then
        ([UNKNOWN, DROPS_ALL], ()),
        ([linked(3, {2}, {1, 2}, time_us=9), linked(4, {1}, {1})], ()),
    ],
)
def test_none_does_where_one_that_is_decoded_may_refer_to_it(
    ahead: list[Coming], wanted: tuple[int, ...]
) -> None:
    assert second(stand_ins(*ahead), wanted) is None


def test_what_was_not_followed_from_a_start_on_has_none() -> None:
    found = stand_ins(DROPS_ALL)
    found.enter()
    found.follow(linked(2, {1}, {1, 2}))
    assert second(found) is None
    found.follow(START)
    found.follow(UNKNOWN)
    found.follow(linked(2, {1}, {1, 2}))
    assert second(found) is None


def test_a_picture_that_may_refer_to_a_stand_in_is_told_until_it_is_dropped() -> None:
    found = stand_ins(DROPS_ALL)
    assert not found.may_be_referred_to()
    assert second(found) is STAND_IN
    for one, may_be in [
        (linked(3, {2}, {1, 2}), True),
        (linked(4, {1}, {1, 2}), False),
        (UNKNOWN, True),  # nobody knows
        (linked(5, {1}, {1}), True),  # nor afterwards
        (START, False),
        (linked(6, {2}, {1, 2}), False),
    ]:
        found.follow(one)
        assert found.may_be_referred_to() is may_be


def test_a_stand_in_comes_out_once_unless_decoding_entered_anew() -> None:
    found = stand_ins(DROPS_ALL)
    second(found)
    assert [found.came_out(pts) for pts in (1, 2, 2)] == [False, True, False]
    found.follow(linked(2, {1}, {1, 2}))
    second(found)
    found.enter()
    assert not found.came_out(2)
    assert not found.may_be_referred_to()
