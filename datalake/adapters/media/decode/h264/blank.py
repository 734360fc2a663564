"""A picture after which nothing is left in a decoder of what it had read of a damaged block.

FFmpeg reads the coefficients of a block into memory that it takes to be empty, and empties it where it
transforms them. What it had read before bytes made no sense it adds to a later block. The first block of this
picture has coefficients everywhere, so that all of that memory is transformed; the others have none.
"""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache

from datalake.adapters.media.decode.bits import BitWriter
from datalake.adapters.media.decode.h264.headers import WHOLE_START
from datalake.adapters.media.decode.h264.parameters import PICTURE
from datalake.adapters.media.decode.sequence_parameters import H264Sequence

# Types of blocks: predicted in parts of 4x4 with coefficients; as a whole without any.
_IN_PARTS, _WHOLE = "1", "00100"
_MOST_NUMBERS = 256
# Coefficients in CAVLC (tables 9-5 to 9-9): all of them ones, at the lowest frequencies.
_TWO_FIRST, _TWO = "00100111", "01100111"  # behind none; behind parts with two
_ONE = "0101"
_ONE_OF_FOUR, _ONE_OF_EIGHT = "101", "0101"  # of the means of colours in 4:2:0, in 4:2:2
_NONE_BESIDE_TWO, _NONE = "11", "1"


def blank_picture(sequence: H264Sequence, used: Container[int]) -> tuple[bytes, bytes] | None:
    """Its parameters and its only slice; None where pictures are coded in ways that are not written here.

    Args:
        sequence: what the stream's pictures have in common.
        used: numbers of the stream's own parameters of pictures.
    """
    number = next((number for number in reversed(range(_MOST_NUMBERS)) if number not in used), None)
    is_plain = sequence.is_whole_frames and not sequence.is_plane_by_plane and sequence.order != 1
    return _written(sequence, number) if is_plain and sequence.is_allowed and number is not None else None


@lru_cache(maxsize=8)
def _written(sequence: H264Sequence, number: int) -> tuple[bytes, bytes]:
    parameters = BitWriter()
    for one in (number, sequence.number):
        parameters.golomb(one)
    parameters.put(0, 2)  # CAVLC
    for _ in range(3):
        parameters.golomb(0)
    parameters.put(0, 3)  # no weights
    for _ in range(3):
        parameters.signed(0)
    parameters.put(0b100, 3)  # slices say how they are smoothed
    bits = BitWriter()
    for one in (0, 7, number):  # the first block; I
        bits.golomb(one)
    bits.put(0, sequence.frame_num_bits)
    bits.golomb(0)
    bits.put(0, sequence.order_bits)
    bits.put(0, 2)  # nothing is kept for long
    bits.signed(0)
    bits.golomb(1)  # not smoothed
    blocks = _blocks(sequence)
    bits.put(int(blocks, 2), len(blocks))
    return _closed(0x60 | PICTURE, parameters), _closed(0x60 | WHOLE_START, bits)


def _blocks(sequence: H264Sequence) -> str:
    is_beside_luma = sequence.chroma in (1, 2)
    colours = "1" if is_beside_luma else ""  # predicted by their mean
    planes = 3 if sequence.chroma == 3 else 1
    first = _IN_PARTS + "1" * 16 + colours + "11"
    first += (_TWO_FIRST + _TWO * 15) * planes
    if is_beside_luma:
        first += 2 * (_ONE_OF_FOUR if sequence.chroma == 1 else _ONE_OF_EIGHT) + _ONE * 8 * sequence.chroma
    other = _WHOLE + colours + "1"
    empty, beside = other + _NONE * planes, other + _NONE_BESIDE_TWO * planes
    blocks = [first, *[empty] * (sequence.macroblocks - 1)]
    for neighbour in {1, sequence.width} & set(range(sequence.macroblocks)):
        blocks[neighbour] = beside
    return "".join(blocks)


def _closed(head: int, bits: BitWriter) -> bytes:
    bits.put(1, 1)
    bits.align(0)
    return bytes([head]) + bits.unit()
