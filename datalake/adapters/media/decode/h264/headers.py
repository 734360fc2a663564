"""What the parameters of H.264 pictures and the headers of their slices say (ITU-T H.264, 7.3.2.2, 7.3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from datalake.adapters.media.decode.bits import BitReader
from datalake.adapters.media.decode.sequence_parameters import H264Sequence

P, B, INTRA = 0, 1, 2
SLICE, WHOLE_START = 1, 5  # kinds of units: a slice of a usual picture, of one that nothing reaches behind
_MOST_BYTES = 160  # of a unit, for its header
_LAST_NUMBER, _COARSEST = 255, 51  # of parameters; of quantisers
_END_OF_CHANGES = 3
_LONG_TERM = 2


class Untold(Exception):
    """It cannot be told, or is not looked into, what a slice refers to."""


@dataclass(frozen=True)
class PictureParameters:
    """What some pictures of a sequence have in common.

    Attributes:
        number: by which slices name them.
        is_arithmetic: coded with CABAC.
        has_bottom_order: slices say in which order the lower field comes.
        active: how many pictures a slice may refer to forward and backward, unless it says so itself.
        weighs_p: P-slices say how much the pictures weigh that they refer to.
        weighs_b: the same of B-slices.
        quality: the quantiser that slices start from.
        says_deblocking: slices say whether edges between blocks are smoothed.
    """

    number: int
    is_arithmetic: bool
    has_bottom_order: bool
    active: tuple[int, int]
    weighs_p: bool
    weighs_b: bool
    quality: int
    says_deblocking: bool


class SliceHeader(NamedTuple):
    """What a slice says of references.

    Attributes:
        is_start: of a picture that nothing reaches behind (IDR).
        is_reference: others may refer to its picture.
        kind: P, B or INTRA.
        frame_num: of its picture, among those that others may refer to.
        order: the low bits of the place in which it is shown, and how far after it the lower field is.
        active: how many pictures it may refer to forward and backward.
        changes: of the order of those, for both directions: (operation, number).
        dropped: pictures that none refers to from now on, by distance; None: the oldest goes.
        marking: the bits that say so, and how many.
    """

    sequence: H264Sequence
    parameters: PictureParameters
    is_start: bool
    is_reference: bool
    kind: int
    frame_num: int
    order: tuple[int, int]
    active: tuple[int, int]
    changes: tuple[list[tuple[int, int]], list[tuple[int, int]]]
    dropped: list[int] | None
    marking: tuple[int, int]


def picture_parameters(unit: bytes) -> PictureParameters:
    """What a unit of parameters says.

    Raises:
        EOFError: the unit breaks off.
        Untold: pictures are cut into groups of slices, or coded twice, or a number is larger than may be.
    """
    bits = BitReader(unit[1:_MOST_BYTES])
    number, _ = bits.golomb(), bits.golomb()
    is_arithmetic, has_bottom_order = bits.take(1) == 1, bits.take(1) == 1
    if bits.golomb() > 0:
        raise Untold
    active = bits.golomb() + 1, bits.golomb() + 1
    weighs_p, weighs_b = bits.take(1) == 1, bits.take(2) == 1
    quality = 26 + bits.signed()
    bits.golomb(2)
    says_deblocking, _, is_twice = bits.take(1) == 1, bits.take(1), bits.take(1)
    if is_twice or number > _LAST_NUMBER or quality > _COARSEST:
        raise Untold
    return PictureParameters(
        number, is_arithmetic, has_bottom_order, active, weighs_p, weighs_b, quality, says_deblocking
    )


def slice_header(
    unit: bytes, sequence: H264Sequence, parameters: dict[int, PictureParameters]
) -> SliceHeader:
    """What a slice says.

    Args:
        unit: of the kind SLICE or WHOLE_START.
        sequence: of whole frames, put in order by numbers of their own.
        parameters: by their numbers.

    Raises:
        EOFError: the unit breaks off.
        Untold: its parameters are missing, or it refers to pictures that are kept for longer.
    """
    bits = BitReader(unit[1:_MOST_BYTES])
    is_start, is_reference = unit[0] & 31 == WHOLE_START, unit[0] & 0x60 != 0
    _, kind, number = bits.golomb(), bits.golomb() % 5, bits.golomb()
    if kind > INTRA or number not in parameters:
        raise Untold
    common = parameters[number]
    frame_num = bits.take(sequence.frame_num_bits)
    if is_start:
        bits.golomb()
    order = bits.take(sequence.order_bits), bits.signed() if common.has_bottom_order else 0
    if kind == B:
        bits.take(1)
    active = _active(bits, kind, common)
    changes = (_changes(bits) if kind != INTRA else []), (_changes(bits) if kind == B else [])
    if (kind == P and common.weighs_p) or (kind == B and common.weighs_b):
        _pass_weights(bits, sequence.has_chroma, sum(active))
    left = bits.left
    dropped = _dropped(bits, is_start) if is_reference else None
    told = is_start, is_reference, kind, frame_num, order, active, changes, dropped, bits.again(left)
    return SliceHeader(sequence, common, *told)


def _active(bits: BitReader, kind: int, common: PictureParameters) -> tuple[int, int]:
    """How many pictures a slice may refer to, forward and backward."""
    if kind == INTRA:
        return 0, 0
    forward, backward = common.active
    if bits.take(1):
        forward = bits.golomb() + 1
        backward = bits.golomb() + 1 if kind == B else 0
    return forward, backward if kind == B else 0


def _changes(bits: BitReader) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    if bits.take(1):
        while (operation := bits.golomb()) != _END_OF_CHANGES:
            if operation >= _LONG_TERM:
                raise Untold
            found.append((operation, bits.golomb() + 1))
    return found


def _pass_weights(bits: BitReader, has_chroma: bool, count: int) -> None:
    bits.golomb(2 if has_chroma else 1)
    for _ in range(count):
        if bits.take(1):
            bits.golomb(2)
        if has_chroma and bits.take(1):
            bits.golomb(4)


def _dropped(bits: BitReader, is_start: bool) -> list[int] | None:
    if is_start:
        if bits.take(2) & 1:
            raise Untold
        return []
    if not bits.take(1):
        return None
    found = []
    while (operation := bits.golomb()) != 0:
        if operation != 1:
            raise Untold
        found.append(bits.golomb() + 1)
    return found
