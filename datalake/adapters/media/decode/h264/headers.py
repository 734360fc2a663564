"""What the headers of H.264 slices say (ITU-T H.264, 7.3.3).

A header that a decoder refuses is of no picture; so those are refused here, too.
"""

from __future__ import annotations

from typing import NamedTuple

from datalake.adapters.media.decode.bits import BitReader
from datalake.adapters.media.decode.h264.parameters import Parameters, PictureParameters, Untold
from datalake.adapters.media.decode.sequence_parameters import H264Sequence

P, B, INTRA = 0, 1, 2
SLICE, WHOLE_START = 1, 5  # kinds of units: a slice of a usual picture, of one that nothing reaches behind
_MOST_BYTES = 160  # of a unit, for its header
_KINDS = 10  # of slices: P, B, INTRA and two that are hardly ever used, twice
_MOST_ACTIVE = 16  # pictures of one direction (7.4.3)
_END_OF_CHANGES = 3
_LONG_TERM = 2
_LAST_TABLE = 2  # of CABAC's contexts
_COARSEST = 51  # quantiser, the finest is 0; of more than 8 bits a sample it is 6 lower for each
_LAST_SMOOTHING, _NO_SMOOTHING = 2, 1
_MOST_SMOOTHING = 6  # up or down


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


def slice_header(unit: bytes, known: Parameters) -> SliceHeader:
    """What a slice says.

    Args:
        unit: of the kind SLICE or WHOLE_START.
        known: what the stream's parameters say.

    Raises:
        EOFError: the unit breaks off.
        Untold: its parameters are missing, it refers to pictures that are kept for longer, or it says what
            none may say.
    """
    bits = BitReader(unit[1:_MOST_BYTES])
    is_start, is_reference = unit[0] & 31 == WHOLE_START, unit[0] & 0x60 != 0
    _, kind, number = bits.golomb(), bits.golomb(), bits.golomb()
    sequence, common, kind = known.followed, known.pictures.get(number), kind % 5 if kind < _KINDS else -1
    if kind not in (P, B, INTRA) or (is_start and kind != INTRA) or sequence is None or common is None:
        raise Untold
    frame_num = bits.take(sequence.frame_num_bits)
    if is_start:
        bits.golomb()
    order = bits.take(sequence.order_bits), bits.signed() if common.has_bottom_order else 0
    if kind == B:
        bits.take(1)
    active = _active(bits, kind, common)
    changes = _changes(bits, kind != INTRA, active[0]), _changes(bits, kind == B, active[1])
    if (kind == P and common.weighs_p) or (kind == B and common.weighs_b):
        _pass_weights(bits, sequence.chroma > 0, sum(active))
    left = bits.left
    dropped = _dropped(bits, is_start) if is_reference else None
    marking = bits.again(left)
    _pass_quality(bits, kind, common, sequence.more_bits)
    told = is_start, is_reference, kind, frame_num, order, active, changes, dropped, marking
    return SliceHeader(sequence, common, *told)


def _active(bits: BitReader, kind: int, common: PictureParameters) -> tuple[int, int]:
    """How many pictures a slice may refer to, forward and backward."""
    if kind == INTRA:
        return 0, 0
    forward, backward = common.active
    if bits.take(1):
        forward = bits.golomb() + 1
        backward = bits.golomb() + 1 if kind == B else 0
    if forward > _MOST_ACTIVE or backward > _MOST_ACTIVE:
        raise Untold
    return forward, backward if kind == B else 0


def _changes(bits: BitReader, may_be: bool, most: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    if may_be and bits.take(1):
        while (operation := bits.golomb()) != _END_OF_CHANGES:
            if operation >= _LONG_TERM or len(found) == most:
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


def _pass_quality(bits: BitReader, kind: int, common: PictureParameters, more_bits: int) -> None:
    table = bits.golomb() if common.is_arithmetic and kind != INTRA else 0
    quality = common.quality + bits.signed()
    smoothing = bits.golomb() if common.says_deblocking else _NO_SMOOTHING
    offsets = (0, 0) if smoothing == _NO_SMOOTHING else (bits.signed(), bits.signed())
    is_usual = (
        table <= _LAST_TABLE and -6 * more_bits <= quality <= _COARSEST and smoothing <= _LAST_SMOOTHING
    )
    if not is_usual or any(abs(offset) > _MOST_SMOOTHING for offset in offsets):
        raise Untold
