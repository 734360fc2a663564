"""A picture that costs next to nothing, in the place of one that is not needed.

Leaving out a picture that others may refer to would change how those behind it name each other, and what the
decoder does about the gap. So another takes its place: with its numbers, its place in order and its marking,
but all of its macroblocks are skipped, that is, copied from the picture before (ITU-T H.264, P_Skip).
"""

from __future__ import annotations

from functools import lru_cache

from datalake.adapters.media.decode.bits import BitWriter
from datalake.adapters.media.decode.h264.headers import SLICE, SliceHeader

_QUALITY = 51  # with it, and table 2 of CABAC's contexts, "skipped" is as probable as a stand-in can have it
_TABLE = 2
_FIRST_STATE = 44  # ((29 * 51) >> 4) + 16 - 64 (9.3.1.1, table 9-13: m = 29, n = 16)
_LAST_STATE = 62
# What the less probable value takes of the range, by state from the first on (table 9-44).
_RARE = (
    *((14, 18, 21, 24), (14, 17, 20, 23), (13, 16, 19, 22), (12, 15, 18, 21), (12, 14, 17, 20)),
    *((11, 14, 16, 19), (11, 13, 15, 18), (10, 12, 15, 17), (10, 12, 14, 16), (9, 11, 13, 15)),
    *((9, 11, 12, 14), (8, 10, 12, 14), (8, 9, 11, 13), (7, 9, 11, 12), (7, 9, 10, 12)),
    *((7, 8, 10, 11), (6, 8, 9, 11), (6, 7, 9, 10), (6, 7, 8, 9)),
)


def stand_in(header: SliceHeader) -> bytes:
    """A unit in the place of all slices of a picture that refers to others."""
    bits, sequence, common = BitWriter(), header.sequence, header.parameters
    for number in (0, 0, common.number):  # the first macroblock; P
        bits.golomb(number)
    bits.put(header.frame_num, sequence.frame_num_bits)
    low, below = header.order
    bits.put(low, sequence.order_bits)
    if common.has_bottom_order:
        bits.signed(below)
    bits.put(0b110, 3)  # refers to one picture; the order of pictures is not changed
    if common.weighs_p:
        bits.put(0b11, 2) if sequence.chroma else bits.put(0b1, 1)  # no denominators
        bits.put(0, 2 if sequence.chroma else 1)  # nor weights
    bits.put(*header.marking)
    if common.is_arithmetic:
        bits.golomb(_TABLE)
    bits.signed(_QUALITY - common.quality)
    if common.says_deblocking:
        bits.golomb(1)  # none
    if common.is_arithmetic:
        bits.align(1)
        bits.put(*_all_skipped(sequence.macroblocks))
    else:
        bits.golomb(sequence.macroblocks)
        bits.put(1, 1)
    bits.align(0)
    return bytes([0x20 | SLICE]) + bits.unit()


@lru_cache(maxsize=8)
def _all_skipped(macroblocks: int) -> tuple[int, int]:
    """So many skipped macroblocks, arithmetically coded (9.3.4.2): the bits, and how many.

    The probable value leaves the low end of the interval at 0, and so does "this is not the last one": zeros
    are put out until the end.
    """
    span, state, zeros = 510, 0, 0
    for number in range(macroblocks):
        span -= _RARE[state][span >> 6 & 3]
        state = min(state + 1, _LAST_STATE - _FIRST_STATE)
        if span < 256:
            span, zeros = span << 1, zeros + 1
        span -= 2
        if number < macroblocks - 1 and span < 256:
            span, zeros = span << 1, zeros + 1
    # the end (9.3.4.5): the low end is at `span` now, of ten bits; the first bit of all is not put out
    return span | 1, zeros + 9
