"""What the parameters of an H.264 or HEVC sequence, and a slice's first bits, say of references.

Sources: ITU-T H.264 (7.3.2.1.1) and H.265 (7.3.2.2.1); headers in MP4 as of ISO/IEC 14496-15 (5.3.3, 8.3.3).
"""

from __future__ import annotations

from collections.abc import Iterator

_H264 = 7  # the kind of a unit that holds parameters
_WITH_CHROMA = (44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244)  # profiles; others are 4:2:0


def h264_is_whole_frames(unit: bytes) -> bool:
    """True when no picture of the sequence is coded as two fields; False where that cannot be told.

    Raises:
        EOFError: the unit breaks off.
    """
    bits = _Bits(unit[1:])
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    if profile in _WITH_CHROMA:
        if bits.golomb() == 3:
            bits.take(1)
        bits.golomb()
        bits.golomb()
        if bits.take(2) & 1:  # scaling lists: hardly any encoder writes them
            return False
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.golomb(2)
        bits.golomb(bits.golomb())
    bits.golomb()
    bits.take(1)
    bits.golomb(2)
    return bits.take(1) == 1


def h264_slice_is_intra(unit: bytes) -> bool:
    """True when a slice refers to no other picture (7.4.3, slice_type)."""
    try:
        return _Bits(unit[1:16]).golomb(2) in (2, 4, 7, 9)
    except EOFError:
        return False


def hevc_is_one_layer(unit: bytes) -> bool:
    """True when the sequence has no temporal layers, whose pictures may refer to those of lower ones.

    Raises:
        EOFError: the unit breaks off.
    """
    return _Bits(unit[2:]).take(7) & 7 == 0


def parameters_in(head: bytes, kind: int) -> Iterator[bytes]:
    """The units of the kind that holds parameters, in the header that an MP4 gives its codec."""
    if kind == _H264:
        yield from _listed(head, 6, head[5] & 31 if len(head) > 5 else 0)
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


class _Bits:
    """Reads a unit bit by bit, without the bytes that only keep start codes out of it."""

    def __init__(self, unit: bytes) -> None:
        content = unit.replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(content, "big"), 8 * len(content)

    def take(self, count: int) -> int:
        """The next bits as a number."""
        self._left -= count
        if self._left < 0:
            raise EOFError("the parameters break off")
        return self._value >> self._left & (1 << count) - 1

    def golomb(self, count: int = 1) -> int:
        """The last of so many Exp-Golomb numbers (ITU-T H.264, 9.1)."""
        number = 0
        for _ in range(count):
            zeros = 0
            while not self.take(1):
                zeros += 1
            number = (1 << zeros) - 1 + self.take(zeros)
        return number
