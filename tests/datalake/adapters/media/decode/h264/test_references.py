"""What slices are said to refer to, of streams of a real encoder and of headers written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import pytest

from datalake.adapters.media.decode.h264.parameters import Parameters
from datalake.adapters.media.decode.h264.references import Links, References
from datalake.adapters.media.decode.nal_units import PacketCheck
from tests.datalake.adapters.media.decode.h264.by_hand import picture, sequence, sliced, start, unit

Clip = Callable[..., Path]
B_PYRAMID = "ref=1:b-adapt=0:b-pyramid=normal"


def followed(path: Path) -> Iterator[Links | None]:
    """Of each packet."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        check = PacketCheck(stream.codec_context)
        references = References(Parameters(check.head))
        for packet in container.demux(stream):
            if packet.size:
                yield references.next(check.units(bytes(packet)))


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv"])
def test_a_pyramid_of_b_frames(make_clip: Clip, suffix: str) -> None:
    """In order of decoding I P B b b P B b b; only the small ones refer to the large ones between."""
    found = list(followed(make_clip(b_frames=3, frames=60, gop=60, params=B_PYRAMID, suffix=suffix)))
    known = [one for one in found if one is not None]
    assert len(known) == 60
    kinds = "".join("PBI"[one.header.kind] if one.header.is_reference else "b" for one in known)
    assert kinds.startswith("IPBbbPBbb")
    middles = {one.number for one in known if one.header.kind == 1 and one.header.is_reference}
    assert len(middles) > 10
    assert {one.header.kind for one in known if one.refers_to & middles} == {1}
    assert all(len(one.kept) <= 4 and one.refers_to <= {other.number for other in known} for one in known)


@pytest.mark.parametrize(
    "params",
    ["ref=4", "weightp=2:cabac=0", "slices=4", "b-pyramid=strict", "weightb=1:ref=6:direct=temporal"],
)
def test_every_picture_of_other_encodings_is_known(make_clip: Clip, params: str) -> None:
    found = list(followed(make_clip(b_frames=5, frames=80, gop=40, params=params)))
    assert None not in found


@pytest.mark.parametrize("recipe", [{"b_frames": 2, "interlaced": True}, {"b_frames": 0}], ids=str)
def test_fields_and_what_is_shown_as_it_is_decoded_are_not_followed(
    make_clip: Clip, recipe: dict[str, object]
) -> None:
    assert set(followed(make_clip(frames=40, gop=20, **recipe))) == {None}


p_slice = partial(sliced, "P")


def refers(head: list[bytes], *packets: bytes) -> list[list[int] | None]:
    references = References(Parameters(head))
    found = [references.next([packet]) for packet in packets]
    return [None if one is None else sorted(one.refers_to) for one in found]


HEAD = [sequence(), picture()]


def test_the_nearest_are_referred_to_and_the_oldest_goes() -> None:
    slices = [p_slice(1, 2, active=2), p_slice(2, 4, active=2), p_slice(3, 6, active=2)]
    assert refers(HEAD, start(), *slices) == [[], [1], [1, 2], [2, 3]]
    assert refers(HEAD, start(), p_slice(1, 2), p_slice(2, 4, changes=(2,))) == [[], [1], [1]]


def test_one_that_is_dropped_is_referred_to_no_more() -> None:
    """Operation 1 with a distance of 1: the picture before."""
    slices = [p_slice(1, 2), p_slice(2, 4, 1, 0, 0), p_slice(3, 6, active=2)]
    assert refers(HEAD, start(), *slices) == [[], [1], [2], [1, 3]]


@pytest.mark.parametrize(
    "odd",
    [
        p_slice(3, 4),  # a number is missing
        p_slice(2, 4, changes=(5,)),  # names none that is kept
        p_slice(2, 4, 1, 4, 0),  # drops none that is kept
        p_slice(2, 4, 5, 0),  # everything begins anew
        p_slice(2, 4, 3, 0, 0, 0),  # keeps one for long
        unit(14),  # of another view
        unit(2, ("ue", 0)),  # part of a slice
        b"\x61",
        p_slice(2, 2),  # shown when one is that is kept
        p_slice(2, 4, changes=(1, 1)),  # names more than it refers to
        p_slice(2, 4, active=17),
        p_slice(2, 4, quality=26),  # coarser than the coarsest
        sliced("P", 0, 0, is_start=True),
        unit(1, ("ue", 0), ("ue", 10)),  # no kind of slice
        b"",
    ],
)
def test_nothing_is_known_from_what_is_not_followed_to_the_next_start(odd: bytes) -> None:
    found = refers(HEAD, start(), p_slice(1, 2), odd, p_slice(2, 4), start(), p_slice(1, 2))
    assert found == [[], [1], None, None, [], [5]]


@pytest.mark.parametrize(
    "head",
    [
        [],
        [sequence()],
        [sequence(order=2), picture()],
        [sequence(gaps=1), picture()],
        [sequence(whole=0), picture()],
        [sequence(width=200_000), picture()],
        [sequence(references=17), picture()],
        [sequence(), picture(groups=1)],
        [sequence(), picture(twice=1)],
        [sequence(), picture(number=256)],
        [sequence(), picture(quality=30)],
        [sequence()[:3], picture()],
    ],
)
def test_parameters_that_are_not_followed(head: list[bytes]) -> None:
    assert refers(head, start(), p_slice(1, 2)) == [None, None]


def test_a_number_that_comes_round_to_one_that_is_kept_is_not_followed() -> None:
    """The first picture is kept, all others are dropped by the next: operation 1 with a distance of 1."""
    drops = [p_slice(number, 2 * number, *((1, 0, 0) if number > 1 else ())) for number in range(1, 17)]
    found = refers([sequence(references=4), picture()], start(), *drops)
    assert found == [[], *([number] for number in range(1, 16)), None]


def test_b_pictures_refer_to_the_nearest_before_and_behind_by_the_earlier_of_two_fields() -> None:
    """The lower field of the second picture comes three places before its upper one."""
    head = [sequence(references=3), picture(has_bottom_order=1)]
    first = sliced("I", 0, 0, is_start=True, content=0, bottom_order=0)
    second, third = p_slice(1, 4, bottom_order=-3), p_slice(2, 6, bottom_order=0)
    b_slice = sliced("B", 3, 2, is_reference=False, bottom_order=0)
    assert refers(head, first, second, third, b_slice)[-1] == [2, 3]


def test_places_in_order_go_on_where_their_bits_come_round() -> None:
    """Six bits: 68 is written as 4."""
    slices = [p_slice(number, 20 * number) for number in (1, 2, 3)]
    b_slice = sliced("B", 5, 62, is_reference=False)
    assert refers([sequence(references=5), picture()], start(), *slices, p_slice(4, 68), b_slice)[-1] == [
        4,
        5,
    ]


@pytest.mark.parametrize("other", [p_slice(1, 2, 1, 0, 0), p_slice(1, 4), p_slice(1, 2, is_reference=False)])
def test_slices_that_do_not_agree_about_their_picture_are_not_followed(other: bytes) -> None:
    references = References(Parameters(HEAD))
    assert references.next([start()]) is not None
    assert references.next([p_slice(1, 2), other]) is None


def test_a_picture_may_refer_to_whatever_one_of_its_slices_may() -> None:
    references = References(Parameters(HEAD))
    for packet in (start(), p_slice(1, 2)):
        assert references.next([packet]) is not None
    links = references.next([p_slice(2, 4, changes=(1,)), p_slice(2, 4, changes=(2,))])
    assert links is not None
    assert links.refers_to == {1, 2}


def test_backward_the_second_comes_first_where_both_directions_are_the_same() -> None:
    """Only pictures before this one are kept; of each direction one may be referred to."""
    b_slice = sliced("B", 3, 6, is_reference=False)
    assert refers(HEAD, start(), p_slice(1, 2), p_slice(2, 4), b_slice)[-1] == [2, 3]


def test_a_packet_of_two_pictures_or_of_very_many_slices_is_not_followed() -> None:
    references = References(Parameters(HEAD))
    assert references.next([start()]) is not None
    assert references.next([p_slice(1, 2), p_slice(2, 4)]) is None
    assert references.next([start()]) is not None
    assert references.next([p_slice(1, 2)] * 600) is None
