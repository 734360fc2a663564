"""H.264 written bit by bit: parameters, and pictures of two by two blocks of samples, or copies of others."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
from av.packet import Packet

from datalake.adapters.media.decode.bits import BitWriter

SLICE, START, SEQUENCE, PICTURE = 1, 5, 7, 8
RATE_FPS = 25
FRAME_NUM_BITS, ORDER_BITS = 4, 6
_SIDE = 2  # blocks
SIDE_PX = 16 * _SIDE
_SAMPLES = 384  # of a block: luma, then two colours
_KINDS = {"P": 5, "B": 6, "I": 7}
_WITH_SAMPLES = {"P": 30, "B": 48, "I": 25}  # mb_type
_WITHOUT_SMOOTHING = 1

Number = tuple[str, int] | tuple[str, int, int]
Units = list[bytes]


def unit(kind: int, *numbers: Number, is_reference: bool = True) -> bytes:
    """A unit of bits ("u", value, count) and numbers ("ue", value) and ("se", value)."""
    bits = BitWriter()
    _put(bits, numbers)
    return _closed(kind, bits, is_reference)


def sequence(
    number: int = 0,
    references: int = 2,
    *,
    profile: int = 77,
    order: int = 0,
    gaps: int = 0,
    width: int = _SIDE,
    whole: int = 1,
    more_bits: int = 0,
    is_order_told: bool = True,
) -> bytes:
    """Whole frames of 32x32; `is_order_told`: two pictures at most come out before one decoded earlier."""
    chroma = [("ue", 1), ("ue", more_bits), ("ue", more_bits), ("u", 0, 2)] if profile == 100 else []
    ordered = [("ue", order), ("ue", ORDER_BITS - 4)] if order == 0 else [("ue", order)]
    size = [("u", gaps, 1), ("ue", width - 1), ("ue", _SIDE - 1), ("u", whole, 1), ("u", 1, 1), ("u", 0, 1)]
    limits = [("ue", value) for value in (0, 0, 10, 10, 2, max(2, references))]
    told = [("u", 1, 1), ("u", 0, 8), ("u", 0b11, 2), *limits] if is_order_told else [("u", 0, 1)]
    head = [("u", profile, 8), ("u", 30, 16), ("ue", number), *chroma, ("ue", FRAME_NUM_BITS - 4), *ordered]
    return unit(SEQUENCE, *head, ("ue", references), *size, *told)


def picture(
    number: int = 0,
    sequence_number: int = 0,
    *,
    groups: int = 0,
    twice: int = 0,
    quality: int = 0,
    has_bottom_order: int = 0,
) -> bytes:
    """Without arithmetic coding and weights; slices say that nothing is smoothed."""
    names = [("ue", number), ("ue", sequence_number), ("u", 0, 1), ("u", has_bottom_order, 1), ("ue", groups)]
    qualities = [("ue", 0), ("ue", 0), ("u", 0, 3), ("se", quality), ("se", 0), ("se", 0)]
    return unit(PICTURE, *names, *qualities, ("u", 1, 1), ("u", 0, 1), ("u", twice, 1))


def sliced(
    kind: str,
    frame_num: int,
    order: int,
    *marking: int,
    is_start: bool = False,
    is_reference: bool = True,
    content: int | None = None,
    copied: int = 0,
    active: int = 1,
    changes: Sequence[int] = (),
    parameters: int = 0,
    quality: int = 0,
    bottom_order: int | None = None,
) -> bytes:
    """A whole picture.

    Args:
        kind: P, B or I.
        marking: operations and their numbers; none: the oldest goes.
        content: of samples that follow from this number; None: a copy of one that it refers to.
        copied: which of those, forward.
        active: how many it refers to forward.
        changes: distances back of those that come first among them.
        bottom_order: where the picture's parameters ask for it.
    """
    bits = BitWriter()
    _put(bits, [("ue", 0), ("ue", _KINDS[kind]), ("ue", parameters)])
    _put(bits, [("u", frame_num % (1 << FRAME_NUM_BITS), FRAME_NUM_BITS), *([("ue", 0)] if is_start else [])])
    _put(bits, [("u", order % (1 << ORDER_BITS), ORDER_BITS)])
    _put(bits, [] if bottom_order is None else [("se", bottom_order)])
    if kind != "I":
        _put_references(bits, kind, active, changes)
    if is_start:
        _put(bits, [("u", 0, 2)])
    elif is_reference:
        _put(bits, [("u", 1 if marking else 0, 1), *(("ue", number) for number in marking)])
    _put(bits, [("se", quality), ("ue", _WITHOUT_SMOOTHING)])
    for block in range(_SIDE * _SIDE):
        _put_block(bits, kind, content if content is None else content * 10 + block, copied, active)
    return _closed(START if is_start else SLICE, bits, is_reference)


def start(order: int = 0) -> bytes:
    """A picture that nothing reaches behind."""
    return sliced("I", 0, order, is_start=True, content=0)


def pyramid(groups: int = 10, **other: Units) -> Iterator[tuple[int, Units]]:
    """Times, in pictures, and units, in order of decoding: I0, then P4 B2 b1 b3, P8 B6 b5 b7 and so on.

    P refers to the last P only. What is named, as "P16", comes in the place of its picture.
    """
    yield 0, [start()]
    numbers = count(1)
    for four in range(4, 4 * groups + 1, 4):
        number = next(numbers)
        changes = (2,) if four > 4 else ()
        yield four, other.get(f"P{four}", [sliced("P", number, 2 * four, content=four, changes=changes)])
        number, middle = next(numbers), four - 2
        yield middle, other.get(f"B{middle}", [sliced("B", number, 2 * middle, content=middle)])
        for time in (middle - 1, middle + 1):
            small = sliced("B", number + 1, 2 * time, is_reference=False, content=time)
            yield time, other.get(f"b{time}", [small])


def number_of(name: str) -> int:
    """The frame_num of a picture of `pyramid`."""
    four = int(name[1:])
    return {"P": four // 2 - 1, "B": (four + 2) // 2, "b": (four + 3) // 4 * 2 + 1}[name[0]]


def is_keyframe(units: Units) -> bool:
    """True of the packet of a picture that nothing reaches behind."""
    return any(one[0] & 31 == START for one in units)


def write_transport(path: Path, head: Units, pictures: Iterable[tuple[int, Units]]) -> Path:
    """A transport stream of these packets, the first with the head."""
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_mux_stream("h264", rate=RATE_FPS, width=SIDE_PX, height=SIDE_PX)
        for place, (time, units) in enumerate(pictures):
            packet = Packet(b"".join(b"\0\0\0\1" + one for one in ([] if place else head) + units))
            packet.pts, packet.dts, packet.duration = time, place - 4, 1
            packet.time_base, packet.stream = Fraction(1, RATE_FPS), stream
            packet.is_keyframe = is_keyframe(units)
            container.mux(packet)
    return path


def _put(bits: BitWriter, numbers: Iterable[Number]) -> None:
    for how, value, *width in numbers:
        if how == "u":
            bits.put(value, width[0])
        elif how == "ue":
            bits.golomb(value)
        else:
            bits.signed(value)


def _put_references(bits: BitWriter, kind: str, active: int, changes: Sequence[int]) -> None:
    backward = [("ue", 0)] if kind == "B" else []
    _put(bits, [("u", 1, 1)] if kind == "B" else [])  # motion is guessed from neighbours
    _put(bits, [("u", 1, 1), ("ue", active - 1), *backward, ("u", 1 if changes else 0, 1)])
    for distance in changes:
        _put(bits, [("ue", 0), ("ue", distance - 1)])
    _put(bits, [("ue", 3)] if changes else [])
    _put(bits, [("u", 0, 1)] if kind == "B" else [])


def _put_block(bits: BitWriter, kind: str, content: int | None, copied: int, active: int) -> None:
    if kind != "I":
        bits.golomb(0)  # none is skipped before it
    if content is not None:
        bits.golomb(_WITH_SAMPLES[kind])
        bits.align(0)
        chance = random.Random(content)
        for _ in range(_SAMPLES):
            bits.put(chance.randrange(1, 256), 8)
        return
    bits.golomb(1 if kind == "B" else 0)
    if active == 2:
        bits.put(1 - copied, 1)
    elif active > 2:
        bits.golomb(copied)
    bits.put(0b11, 2)  # does not move
    bits.golomb(0)  # and nothing is added


def _closed(kind: int, bits: BitWriter, is_reference: bool) -> bytes:
    bits.put(1, 1)
    bits.align(0)
    return bytes([(0x60 if is_reference else 0) | kind]) + bits.unit()
