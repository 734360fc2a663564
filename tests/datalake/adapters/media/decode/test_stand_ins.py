"""When another picture stands in for one, and that no mistake about it shows another picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from av.packet import Packet

from datalake.adapters.media.decode.h264.headers import SliceHeader
from datalake.adapters.media.decode.h264.references import Links
from datalake.adapters.media.decode.look_ahead import Coming, Upcoming
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.reader import Reader
from datalake.adapters.media.decode.stand_ins import StandIns
from tests.datalake.adapters.media.decode.h264.by_hand import (
    Units,
    number_of,
    picture,
    pyramid,
    sequence,
    sliced,
    write_transport,
)
from tests.datalake.adapters.media.decode.h264.flash import write_flash
from tests.datalake.adapters.media.decode.plans import FAR_US, packets_decoded, seen, unplanned

STAND_IN = cast("Packet", SimpleNamespace())


def coming(
    number: int, refers_to: set[int], kept: set[int], *, is_start: bool = False, time_us: int | None = None
) -> Coming:
    """A reference picture, on screen at its number's microsecond."""
    header = cast("SliceHeader", SimpleNamespace(is_start=is_start, is_reference=True))
    links = Links(number, frozenset(refers_to), frozenset(kept), header)
    packet = cast("Packet", SimpleNamespace(pts=number))
    return Coming(packet, number if time_us is None else time_us, links=links)


START = coming(1, set(), {1}, is_start=True)
UNKNOWN = START._replace(links=None)
DROPS_ALL = coming(9, {1}, {9})


def stand_ins(*ahead: Coming, wanted: tuple[int, ...] = ()) -> StandIns:
    """Entered at START; the second picture came next, which refers to the first and is kept with it."""
    upcoming = cast("Upcoming", SimpleNamespace(ahead=lambda: iter(ahead)))
    decoder = cast("PictureDecoder", SimpleNamespace(stand_in=lambda packet, links: STAND_IN))
    found = StandIns(decoder, upcoming, lambda time_us: time_us in wanted)
    found.follow(START)
    found.follow(coming(2, {1}, {1, 2}))
    return found


def second(found: StandIns, farthest_us: int = 8) -> Packet | None:
    """What stands in for the second picture."""
    return found.instead_of(cast("Packet", SimpleNamespace(pts=2)), farthest_us)


@pytest.mark.parametrize(
    ("ahead", "wanted"),
    [
        ([coming(3, {2}, {1}), DROPS_ALL], ()),
        ([coming(3, {2}, {1, 2, 3}), coming(4, {3}, {1, 2}), DROPS_ALL], ()),  # left out in their turn
        ([coming(3, {1}, {1, 2}), DROPS_ALL], (3,)),
    ],
)
def test_one_stands_in_where_only_what_is_left_out_refers_to_it(
    ahead: list[Coming], wanted: tuple[int, ...]
) -> None:
    assert second(stand_ins(*ahead, wanted=wanted)) is STAND_IN


@pytest.mark.parametrize(
    ("ahead", "wanted"),
    [
        ([coming(3, {2}, {1, 2}), DROPS_ALL], (3,)),
        ([coming(3, {2}, {1, 2, 3}), coming(4, {3}, {1}), DROPS_ALL], (4,)),  # through another
        ([coming(9, {2}, {9})], ()),  # shown behind all others: decoded
        ([coming(3, {1}, {1, 2})], ()),  # nobody knows what comes then
        ([UNKNOWN, DROPS_ALL], ()),
        ([coming(3, {2}, {1, 2}, time_us=9), coming(4, {1}, {1})], ()),
    ],
)
def test_none_does_where_one_that_is_decoded_may_refer_to_it(
    ahead: list[Coming], wanted: tuple[int, ...]
) -> None:
    assert second(stand_ins(*ahead, wanted=wanted)) is None


def test_what_was_not_followed_from_a_start_on_has_none() -> None:
    found = stand_ins(DROPS_ALL)
    found.enter()
    found.follow(coming(2, {1}, {1, 2}))
    assert second(found) is None
    found.follow(START)
    found.follow(UNKNOWN)
    found.follow(coming(2, {1}, {1, 2}))
    assert second(found) is None


def test_a_picture_that_may_refer_to_a_stand_in_is_told_until_it_is_dropped() -> None:
    found = stand_ins(DROPS_ALL)
    assert not found.may_be_referred_to()
    assert second(found) is STAND_IN
    for one, may_be in [
        (coming(3, {2}, {1, 2}), True),
        (coming(4, {1}, {1, 2}), False),
        (UNKNOWN, True),  # nobody knows
        (coming(5, {1}, {1}), True),  # nor afterwards
        (START, False),
        (coming(6, {2}, {1, 2}), False),
    ]:
        found.follow(one)
        assert found.may_be_referred_to() is may_be


def test_a_stand_in_comes_out_once_unless_decoding_entered_anew() -> None:
    found = stand_ins(DROPS_ALL)
    second(found)
    assert [found.came_out(pts) for pts in (1, 2, 2)] == [False, True, False]
    found.follow(coming(2, {1}, {1, 2}))
    second(found)
    found.enter()
    assert not found.came_out(2)
    assert not found.may_be_referred_to()


HEAD = [sequence(references=6), picture()]
REFUSED = {"quality": 30, "changes": (2,)}


def times(*places: int) -> list[tuple[int, int, list[int]]]:
    """One span, and pictures wanted in it."""
    return [(0, FAR_US, [place * 40_000 for place in places])]


def old(name: str) -> dict[str, Units]:
    """A copy of the B picture 14 places before, if six pictures are kept."""
    return {name: [sliced("P", number_of(name), 2 * int(name[1:]), copied=4, active=5)]}


def dropping(name: str) -> bytes:
    """A slice of a P picture that a decoder refuses, and which says that the picture before is dropped."""
    return sliced("P", number_of(name), 2 * int(name[1:]), 1, 0, 0, **REFUSED)


REFUSED_FIRST = "a slice that a decoder refuses comes first"
CASES: dict[str, tuple[Units, dict[str, Units], bool]] = {
    "usual": (HEAD, {}, True),
    "one that is old is referred to": (HEAD, old("P24"), True),
    "parameters of a sequence that is not there": (
        [sequence(0, 6), sequence(1, 3), picture()],
        old("P24"),
        False,
    ),
    "parameters that a decoder refuses": (
        [sequence(0, 6), sequence(0, 3, profile=100, more_bits=12), picture()],
        old("P24"),
        False,
    ),
    "two pictures at one place in order": (
        HEAD,
        {"b23": [sliced("B", number_of("b23"), 44, is_reference=False)]},  # as B22, which it copies
        True,
    ),
    REFUSED_FIRST: (
        HEAD,
        {
            "P28": [dropping("P28"), sliced("P", number_of("P28"), 56, content=28, changes=(2,))],
            **old("P36"),
        },
        True,
    ),
    "parameters in the packet of one that is left out": (
        HEAD,
        {
            "B10": [picture(1), sliced("B", number_of("B10"), 20, content=10)],
            "P24": [sliced("P", number_of("P24"), 48, content=24, changes=(2,), parameters=1)],
        },
        True,
    ),
}


# where packets are found by their slices, two that begin a picture are two packets
IN_FILES = [(case, suffix) for suffix in (".ts", ".flv") for case in CASES]
IN_FILES.remove((REFUSED_FIRST, ".ts"))


@pytest.mark.parametrize(("case", "suffix"), IN_FILES)
def test_the_pictures_are_those_that_are_decoded_without_any(
    read_file: Callable[..., Reader], tmp_path: Path, case: str, suffix: str
) -> None:
    head, pictures, has_stand_ins = CASES[case]
    path, packets = tmp_path / f"by hand{suffix}", pyramid(**pictures)
    if suffix == ".flv":
        write_flash(path, [(head, packets)])
    else:
        write_transport(path, head, packets)
    stood_in = 0
    for places in [(0, 14, 18, 24, 32), (0, 26, 30, 36, 40), (0, 23, 28, 40), (0, 20, 40)]:
        video = read_file(path)
        decoded = packets_decoded(video)
        assert seen(video, times(*places)) == seen(unplanned(read_file(path)), times(*places))
        stood_in += sum(packet.pos is None for packet in decoded)
    assert (stood_in > 0) is has_stand_ins


def test_with_another_header_in_the_file_none_does_any_more(
    read_file: Callable[..., Reader], tmp_path: Path
) -> None:
    """Flash sends headers in between: by the first three pictures are kept, by the second six."""
    parts = [([sequence(references=3), picture()], pyramid(5)), (HEAD, pyramid(**old("P24")))]
    path = write_flash(tmp_path / "two headers.flv", parts)
    for places in [(0, 10, 21, 35, 39, 45, 53), (0, 35, 39, 45, 53), tuple(range(61))]:
        expected = seen(unplanned(read_file(path)), times(*places))
        assert len(expected) == len(places)
        assert seen(read_file(path), times(*places)) == expected
