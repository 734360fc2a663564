"""Bytes that no H.264 or HEVC encoder writes, where the decoder may see nothing."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from av.video.codeccontext import VideoCodecContext


def unit_check(context: VideoCodecContext) -> Callable[[bytes], bool]:
    """Tells whether a packet of this stream holds bytes that the format forbids, or no picture.

    ITU-T H.264 and H.265, 7.4: the first bit of a unit is 0, and inside of it two zero bytes are never
    followed by 0, 1 or 2. Noise breaks the one, and a hole of zeros, which an upload in pieces leaves behind,
    the other, where the decoder may see nothing.
    """
    units = _UNITS.get(context.name)
    if units is None:
        return lambda _: False
    head = bytes(context.extradata or b"")
    width = (head[units.width_at] & 3) + 1 if head[:1] == b"\x01" and len(head) > units.width_at else 0
    return lambda data: _is_broken([unit for unit in _split(data, width) if unit.rstrip(b"\0")], units)


@dataclass(frozen=True)
class _Units:
    """How the units of a format say what they are."""

    width_at: int  # where the codec's header says how wide lengths are
    shift: int
    mask: int
    slices: Container[int]
    others: Container[int]  # may come without a slice: parameters, messages, ends, filling

    def kind(self, unit: bytes) -> int:
        return unit[0] >> self.shift & self.mask


_UNITS = {
    "h264": _Units(4, 0, 31, slices=range(1, 6), others=range(6, 22)),
    "hevc": _Units(21, 1, 63, slices=range(32), others=range(32, 41)),
}


def _split(data: bytes, width: int) -> Iterator[bytes]:
    """The units between start codes, or behind length fields of so many bytes."""
    if not width:
        yield from data.split(b"\0\0\1")
        return
    position = 0
    while position + width <= len(data):
        end = position + width + int.from_bytes(data[position : position + width], "big")
        yield data[position + width : end]
        position = end


def _is_broken(found: list[bytes], units: _Units) -> bool:
    slices = [unit for unit in found if units.kind(unit) in units.slices]
    if not slices and any(units.kind(unit) not in units.others for unit in found):
        return True
    return any(unit[0] & 0x80 for unit in found) or any(_holds_zeros(unit.rstrip(b"\0")) for unit in slices)


def _holds_zeros(unit: bytes) -> bool:
    return b"\0\0\0" in unit or b"\0\0\1" in unit or b"\0\0\2" in unit
