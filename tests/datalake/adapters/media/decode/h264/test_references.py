"""What slices are said to refer to, of streams of a real encoder and of headers written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from datalake.adapters.media.decode.bits import BitWriter
from datalake.adapters.media.decode.h264.references import Links, References
from datalake.adapters.media.decode.nal_units import PacketCheck

Clip = Callable[..., Path]
B_PYRAMID = "ref=1:b-adapt=0:b-pyramid=normal"


def followed(path: Path) -> Iterator[Links | None]:
    """Of each packet."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        check = PacketCheck(stream.codec_context)
        references = References(check.head)
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


SEQUENCE, PICTURE = 7, 8


def unit(kind: int, *numbers: tuple[str, int] | tuple[str, int, int]) -> bytes:
    """A unit of bits ("u", value, count) and numbers ("ue", value) and ("se", value)."""
    bits = BitWriter()
    for how, value, *count in numbers:
        if how == "u":
            bits.put(value, count[0])
        else:
            (bits.golomb if how == "ue" else bits.signed)(value)
    bits.put(1, 1)
    bits.align(0)
    return bytes([0x60 | kind]) + bits.unit()


def sequence(order: int = 0, references: int = 2, gaps: int = 0, width: int = 1, whole: int = 1) -> bytes:
    """Baseline's profile; numbers of 4 bits."""
    ordered = (("ue", order), ("ue", 0)) if order == 0 else (("ue", order),)
    size = (("ue", references), ("u", gaps, 1), ("ue", width - 1), ("ue", 0), ("u", whole, 1))
    return unit(SEQUENCE, ("u", 66, 8), ("u", 30, 16), ("ue", 0), ("ue", 0), *ordered, *size)


def picture(number: int = 0, groups: int = 0, twice: int = 0, quality: int = 0) -> bytes:
    start = (("ue", number), ("ue", 0), ("u", 0, 2), ("ue", groups), ("ue", 0), ("ue", 0), ("u", 0, 3))
    return unit(PICTURE, *start, ("se", quality), ("se", 0), ("se", 0), ("u", twice, 3))


def start(order: int = 0) -> bytes:
    frame = (("u", 0, 4), ("ue", 0), ("u", order, 4), ("u", 0, 2))
    return unit(5, ("ue", 0), ("ue", 7), ("ue", 0), *frame)


def p_slice(
    frame_num: int, order: int, *marking: int, changes: tuple[int, ...] = (), active: int = 1
) -> bytes:
    """Refers to as many; `changes` are distances back, `marking` operations and their numbers."""
    moved = [("u", 1 if changes else 0, 1)]
    for distance in changes:
        moved += [("ue", 0), ("ue", distance - 1)]
    moved += [("ue", 3)] if changes else []
    marked = [("u", 1 if marking else 0, 1), *(("ue", number) for number in marking)]
    head = (("ue", 0), ("ue", 5), ("ue", 0), ("u", frame_num, 4), ("u", order, 4))
    return unit(1, *head, ("u", 1, 1), ("ue", active - 1), *moved, *marked)


def refers(head: list[bytes], *packets: bytes) -> list[list[int] | None]:
    references = References(head)
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
        sequence(references=3),
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


def test_a_packet_of_two_pictures_or_of_very_many_slices_is_not_followed() -> None:
    references = References(HEAD)
    assert references.next([start()]) is not None
    assert references.next([p_slice(1, 2), p_slice(2, 4)]) is None
    assert references.next([start()]) is not None
    assert references.next([p_slice(1, 2)] * 600) is None
