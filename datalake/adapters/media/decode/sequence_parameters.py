"""What the parameters of an H.264 or HEVC sequence, and a slice's first bits, say of references.

Sources: ITU-T H.264 (7.3.2.1.1) and H.265 (7.3.2.2.1); headers in MP4 as of ISO/IEC 14496-15 (5.3.3, 8.3.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datalake.adapters.media.decode.bits import BitReader

_H264 = 7  # the kind of a unit that holds parameters
_MOST_BYTES = 4096  # of an H.264 unit of parameters that are read: far more than those asked for take
_WITH_CHROMA = (44, 83, 86, 100, 110, 118, 122, 128, 138, 244)  # profiles; others are 4:2:0
_READ_IN_TWO_WAYS = (134, 135, 139, 144)  # with it in some editions or decoders, without in others
_MOST_REFERENCES, _MOST_BITS = 16, 16  # in an H.264 sequence (7.4.2.1.1)
_MOST_MACROBLOCKS = 139_264  # in a picture, at the highest level (table A-1)
_LONGEST_CYCLE = 255  # of offsets in order (7.4.2.1.1)


@dataclass(frozen=True)
class H264Sequence:
    """What all pictures of an H.264 sequence have in common.

    Attributes:
        number: by which the parameters of pictures name it.
        more_bits: than eight a luma sample.
        chroma: 0: no colours; 1: 4:2:0, 2: 4:2:2, 3: 4:4:4.
        is_plane_by_plane: luma and colours are coded as if they were pictures of their own.
        frame_num_bits: of the number by which pictures refer to each other.
        order: how they are put in order (pic_order_cnt_type).
        order_bits: of the number that says so; 0 where there is none.
        most_references: pictures that are kept for others to refer to.
        has_gaps: numbers of pictures may be missing.
        macroblocks: in a picture, where it is not coded as two fields.
        is_whole_frames: no picture is coded as two fields.
    """

    number: int
    more_bits: int
    chroma: int
    is_plane_by_plane: bool
    frame_num_bits: int
    order: int
    order_bits: int
    most_references: int
    has_gaps: bool
    macroblocks: int
    is_whole_frames: bool

    @property
    def is_allowed(self) -> bool:
        """False where a number is larger than may be."""
        are_few = self.most_references <= _MOST_REFERENCES and self.macroblocks <= _MOST_MACROBLOCKS
        return are_few and self.frame_num_bits <= _MOST_BITS and self.order_bits <= _MOST_BITS


def h264_sequence(unit: bytes) -> H264Sequence | None:
    """What a unit of parameters says; None where it is not read further, which hardly any encoder asks for.

    Raises:
        EOFError: the unit breaks off.
    """
    bits = BitReader(unit[1:_MOST_BYTES])
    profile, chroma, more_bits, is_plane_by_plane = bits.take(8), 1, 0, False
    bits.take(16)
    number = bits.golomb()
    if profile in _READ_IN_TWO_WAYS:
        return None
    if profile in _WITH_CHROMA:
        chroma = bits.golomb()
        is_plane_by_plane = chroma == 3 and bits.take(1) == 1
        more_bits, _ = bits.golomb(), bits.golomb()
        if bits.take(2) & 1:
            return None  # scaling
    frame_num_bits, order_bits = bits.golomb() + 4, 0
    order = bits.golomb()
    if order == 0:
        order_bits = bits.golomb() + 4
    elif order == 1:
        bits.take(1)
        bits.golomb(2)
        if (cycle := bits.golomb()) > _LONGEST_CYCLE:
            return None
        bits.golomb(cycle)
    most_references, has_gaps = bits.golomb(), bits.take(1) == 1
    macroblocks = (bits.golomb() + 1) * (bits.golomb() + 1)
    is_whole_frames = bits.take(1) == 1
    coding = number, more_bits, chroma, is_plane_by_plane
    numbers = frame_num_bits, order, order_bits, most_references
    return H264Sequence(*coding, *numbers, has_gaps, macroblocks, is_whole_frames)


def h264_is_whole_frames(unit: bytes) -> bool:
    """True when no picture of the sequence is coded as two fields; False where that cannot be told.

    Raises:
        EOFError: the unit breaks off.
    """
    sequence = h264_sequence(unit)
    return sequence is not None and sequence.is_whole_frames


def h264_number(unit: bytes) -> int:
    """By which other units name the parameters in this one.

    Raises:
        EOFError: the unit breaks off.
    """
    bits = BitReader(unit[1:16])
    if unit[0] & 31 == _H264:
        bits.take(24)  # profile and level
    return bits.golomb()


def h264_slice_is_intra(unit: bytes) -> bool:
    """True when a slice refers to no other picture (7.4.3, slice_type)."""
    try:
        return BitReader(unit[1:16]).golomb(2) in (2, 4, 7, 9)
    except EOFError:
        return False


def hevc_is_one_layer(unit: bytes) -> bool:
    """True when the sequence has no temporal layers, whose pictures may refer to those of lower ones.

    Raises:
        EOFError: the unit breaks off.
    """
    return BitReader(unit[2:]).take(7) & 7 == 0


def parameters_in(head: bytes, kind: int) -> Iterator[bytes]:
    """The units of the kind that holds parameters, in the header that an MP4 gives its codec.

    Of H.264 those of pictures as well, behind those of the sequence.
    """
    if kind == _H264:
        position = 5
        for mask in (31, 255):
            count = head[position] & mask if len(head) > position else 0
            units = list(_listed(head, position + 1, count))
            yield from units
            position += 1 + sum(2 + len(unit) for unit in units)
        return
    position = 23
    for _ in range(head[22] if len(head) > 22 else 0):
        count = int.from_bytes(head[position + 1 : position + 3], "big")
        units = list(_listed(head, position + 3, count))
        if head[position : position + 1] and head[position] & 63 == kind:
            yield from units
        position += 3 + sum(2 + len(unit) for unit in units)


def _listed(head: bytes, position: int, count: int) -> Iterator[bytes]:
    for _ in range(count):
        end = position + 2 + int.from_bytes(head[position : position + 2], "big")
        yield head[position + 2 : end]
        position = end
