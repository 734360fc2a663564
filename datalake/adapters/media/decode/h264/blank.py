"""A picture after which nothing is left in a decoder of what it had read of a damaged block.

FFmpeg reads the coefficients of a block into memory that it takes to be empty, and empties it where it
transforms them. What it had read before bytes made no sense it adds to a later block. This picture is a block
of the format whose coefficients take all of that memory (4:4:4 of ten bits), and has some everywhere. With
parameters of its own it is the same for every stream.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from datalake.adapters.media.decode.bits import BitWriter
from datalake.adapters.media.decode.h264.headers import SLICE
from datalake.adapters.media.decode.h264.parameters import PICTURE, SEQUENCE

_MOST_NUMBERS = {SEQUENCE: 32, PICTURE: 256}
_IS_REFERENCE = 0x60  # nal_ref_idc
_HIGH_444, _LEVEL_1 = 244, 10
_I, _NOT_SMOOTHED, _AS_DECODED = 7, 1, 2
# Predicted in sixteen parts, each as its neighbours; all have coefficients; the quantiser stays.
_BLOCK = "1" + "1" * 16 + "1" + "1"
# Two ones in each part, at the lowest frequencies (CAVLC, tables 9-5 to 9-9): the first has none beside it.
_PLANE = "00100111" + "01100111" * 15


def blank_picture(used: Container[tuple[int, int]]) -> Sequence[bytes]:
    """The units of its packet; none where no number is left for its parameters.

    Args:
        used: kinds and numbers of the stream's own parameters; they stay in force.
    """
    sequence, picture = (
        next((number for number in reversed(range(most)) if (kind, number) not in used), None)
        for kind, most in _MOST_NUMBERS.items()
    )
    if sequence is None or picture is None:
        return ()
    slice_of_it = _closed(SLICE, _slice(picture))
    return _closed(SEQUENCE, _sequence(sequence)), _closed(PICTURE, _picture(picture, sequence)), slice_of_it


def _sequence(number: int) -> BitWriter:
    bits = BitWriter()
    for byte in (_HIGH_444, 0, _LEVEL_1):
        bits.put(byte, 8)
    bits.golomb(number)
    bits.golomb(3)  # 4:4:4
    bits.put(0, 1)  # planes together
    for more_bits in (2, 2):
        bits.golomb(more_bits)
    bits.put(0, 2)  # neither lossless nor scaled
    bits.golomb(0)  # frame_num of four bits
    bits.golomb(_AS_DECODED)
    bits.golomb(1)  # picture is kept
    bits.put(0, 1)  # no gaps
    for blocks_less_one in (0, 0):
        bits.golomb(blocks_less_one)
    bits.put(0b1100, 4)  # whole frames; direct_8x8_inference; not cropped; no more to say
    return bits


def _picture(number: int, sequence: int) -> BitWriter:
    bits = BitWriter()
    bits.golomb(number)
    bits.golomb(sequence)
    bits.put(0, 2)  # CAVLC; no order of the lower field
    for _ in range(3):
        bits.golomb(0)  # one group of slices; one picture to refer to, each way
    bits.put(0, 3)  # no weights
    for _ in range(3):
        bits.signed(0)  # quantisers
    bits.put(0b100, 3)  # slices say how they are smoothed
    return bits


def _slice(picture: int) -> BitWriter:
    bits = BitWriter()
    for number in (0, _I, picture):  # of the first block, the kind, the parameters
        bits.golomb(number)
    bits.put(0, 4)  # frame_num
    bits.put(0, 1)  # marked as usual
    bits.signed(0)  # quantiser
    bits.golomb(_NOT_SMOOTHED)
    block = _BLOCK + 3 * _PLANE
    bits.put(int(block, 2), len(block))
    return bits


def _closed(kind: int, bits: BitWriter) -> bytes:
    bits.put(1, 1)
    bits.align(0)
    return bytes([_IS_REFERENCE | kind]) + bits.unit()
