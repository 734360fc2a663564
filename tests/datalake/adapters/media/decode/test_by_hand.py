"""Streams written by hand in which a slip about references, or a picture that is lost, shows another one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from datalake.adapters.media.decode.reader import Reader
from tests.datalake.adapters.media.decode.h264.by_hand import (
    SEQUENCE,
    Units,
    number_of,
    picture,
    pyramid,
    sequence,
    sliced,
    start,
    write_transport,
)
from tests.datalake.adapters.media.decode.h264.flash import write_flash
from tests.datalake.adapters.media.decode.h264.movie import write_movie
from tests.datalake.adapters.media.decode.plans import FAR_US, packets_decoded, seen, unplanned

PICTURE_US = 40_000
HEAD = [sequence(references=6), picture()]
REFUSED = {"quality": 30, "changes": (2,)}


def times(*places: int) -> list[tuple[int, int, list[int]]]:
    """One span, and pictures wanted in it."""
    return [(0, FAR_US, [place * PICTURE_US for place in places])]


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


def test_bytes_that_no_picture_holds_are_damage_though_nobody_wants_it(
    read_file: Callable[..., Reader], tmp_path: Path
) -> None:
    good = sliced("B", number_of("B10"), 20, content=10)
    bad = good[:40] + bytes(3) + good[43:]
    path = write_flash(tmp_path / "zeros.flv", [(HEAD, pyramid(B10=[bad]))])
    for video in (read_file(path), unplanned(read_file(path))):
        assert len(list(video.pictures(0, FAR_US, [0, 20 * PICTURE_US]))) == 1
        assert [one.start_us for one in video.damage] == [9 * PICTURE_US]  # which refers to it


def test_with_another_header_in_the_file_none_does_any_more_and_none_is_sought_past(
    read_file: Callable[..., Reader], tmp_path: Path
) -> None:
    """Flash sends headers in between: by the first three pictures are kept, by the second six."""
    parts = [
        ([sequence(references=3), picture()], pyramid(5)),
        ([sequence(1, references=6), picture(0, 1)], pyramid(**old("P24"))),
    ]
    path = write_flash(tmp_path / "two headers.flv", parts)
    whole = dict(seen(read_file(path), times(*range(61))))
    assert len(whole) == 61
    for places in [(0, 10, 21, 35, 39, 45, 53), (0, 35, 39, 45, 53), (45,), (53, 59), tuple(range(61))]:
        video = read_file(path)
        assert seen(video, times(*places)) == [
            (place * PICTURE_US, whole[place * PICTURE_US]) for place in places
        ]
        assert seen(video, times(places[0])) == [(places[0] * PICTURE_US, whole[places[0] * PICTURE_US])]
    assert len(seen(video, times(60))) == 1
    assert (SEQUENCE, 1) in video._decoder._check.numbered


def test_a_header_is_not_lost_with_the_damaged_packet_that_brings_it(
    read_file: Callable[..., Reader], tmp_path: Path
) -> None:
    def flash(name: str, first: bytes) -> Path:
        behind = [(21 + time, units) for time, units in pyramid(**old("P24"))]
        later = [(0, [first]), *list(pyramid(5))[1:], *behind]
        parts = [([sequence(references=3), picture()], pyramid(5)), (HEAD, later)]
        return write_flash(tmp_path / name, parts)

    whole = dict(seen(read_file(flash("whole.flv", start())), times(*range(83))))
    broken = bytes([start()[0] | 0x80]) + start()[1:]  # the bit that is never set
    video = read_file(flash("damaged.flv", broken))
    pictures = [one for one in video.pictures(0, FAR_US, list(whole)) if one.frame is not None]
    found = {one.time_us: video.upright(one.frame).tobytes() for one in pictures if one.frame is not None}
    assert [(one.start_us, one.end_us) for one in video.damage] == [(21 * PICTURE_US, 41 * PICTURE_US)]
    assert found == {us: whole[us] for us in whole if not 21 <= us // PICTURE_US < 42}


def test_a_header_that_was_read_ahead_is_not_lost_where_a_movie_is_sought(
    read_file: Callable[..., Reader], tmp_path: Path
) -> None:
    """Each part of a movie has its own, which comes once: with the first packet of the part that is read."""
    first = [sequence(references=3), picture()]
    second = [sequence(1, references=6), picture(0, 1), picture(1, 1)]
    later = [(101 + time, units) for time, units in pyramid(**old("P24"))]
    last = (142, [sliced("I", 0, 0, is_start=True, content=0, parameters=1)])
    path = write_movie(tmp_path / "two.mp4", [(first, [*pyramid(5)]), (second, [*pyramid(25), *later, last])])
    whole = dict(seen(unplanned(read_file(path)), times(*range(164))))
    assert len(whole) == 164
    for before, behind in product([range(16), range(17), (21,)], [(146,), (163,), (122, 146)]):
        places, video = (*before, *behind), read_file(path)
        found = seen(video, times(*places) + times(*before))
        assert found == [(one * PICTURE_US, whole[one * PICTURE_US]) for one in (*places, *before)]
        assert video._can_seek
        assert video._keyframes.are_alone


def test_the_same_header_again_changes_nothing(read_file: Callable[..., Reader], tmp_path: Path) -> None:
    path = write_flash(tmp_path / "one header.flv", [(HEAD, pyramid()), (HEAD, pyramid())])
    video = read_file(path)
    decoded = packets_decoded(video)
    assert seen(video, times(0, 20, 61)) == seen(unplanned(read_file(path)), times(0, 20, 61))
    assert video._can_seek
    assert any(packet.pos is None for packet in decoded)  # one stood in for another


def test_nor_with_other_parameters_in_a_keyframe_that_was_decoded_alone(
    read_file: Callable[..., Reader], tmp_path: Path
) -> None:
    again = [*HEAD, start()]
    pictures = [*pyramid(5), *((21 + time, units) for time, units in pyramid())]
    pictures[21] = (21, [sequence(references=3), picture(), start()])
    video = read_file(write_transport(tmp_path / "by hand.ts", HEAD, pictures))
    for places, follows in (((0,), True), ((0, 21), False)):
        assert len(seen(video, times(*places))) == len(places)
        references = video._decoder.references()
        assert references is not None
        assert (references.next(iter(again)) is not None) is follows


def test_a_picture_that_is_lost_after_a_seek_is_found_from_the_start(
    read_file: Callable[..., Reader], tmp_path: Path
) -> None:
    """FFmpeg has to guess how far pictures are reordered, and loses one in finding that it is farther.

    Read from the start that is the second of the first pyramid; it is read there before any other.
    """
    flat = [(0, [start()])]
    flat += [(number, [sliced("P", number, 2 * number, content=number)]) for number in range(1, 30)]
    deep = [(first + time, units) for first in (30, 71) for time, units in pyramid()]
    head = [sequence(is_order_told=False), picture()]
    path = write_transport(tmp_path / "by hand.ts", head, [*flat, *deep])
    video = unplanned(read_file(path))
    whole = {one.time_us: video.upright(one.frame).tobytes() for one in video.every_picture(0, FAR_US)}
    assert [place for place in range(112) if place * PICTURE_US not in whole] == [31]
    for place in range(71, 80):
        found = seen(read_file(path), times(0, place))
        assert found[1] == (place * PICTURE_US, whole[place * PICTURE_US])
