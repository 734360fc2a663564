"""What the units of an H.264 or HEVC packet say before they are decoded."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from av.video.codeccontext import VideoCodecContext

from datalake.adapters.media.decode.sequence_parameters import (
    h264_is_whole_frames,
    h264_number,
    h264_slice_is_intra,
    hevc_is_one_layer,
    parameters_in,
)


class PacketCheck:
    """Looks into the packets of one stream, in the order of the file; of other codecs it knows nothing.

    What pictures refer to is known once parameters of the sequence were seen, in the header or in a packet,
    and as long as none of them make it harder to tell.

    Attributes:
        header: the codec's, as the file begins with it.
        head: the parameters that stand in it.
        numbered: kinds and numbers of an H.264 stream's parameters so far.
    """

    def __init__(self, context: VideoCodecContext) -> None:
        self.header = head = bytes(context.extradata or b"")
        self.numbered: set[tuple[int, int]] = set()
        self._units = _UNITS.get(context.name)
        self._is_told = False
        self._is_plain = True
        self._width = 0
        self.head: list[bytes] = []
        if self._units is not None:
            if head[:1] == b"\x01" and len(head) > self._units.width_at:
                self._width = (head[self._units.width_at] & 3) + 1
            self.head = self._in_header(head)
            self._note(self.head)

    def take_header(self, header: bytes) -> None:
        """Note the parameters of another header, which came with a packet."""
        self._note(self._in_header(header))

    def units(self, data: bytes) -> Iterator[bytes]:
        """What a packet is made of."""
        return split_units(data, self._width)

    def with_slice(self, data: bytes, unit: bytes) -> bytes:
        """A packet with one unit in the place of its slices; what else it holds stays."""
        units = self._units
        found = self._found(data)
        others = [one for one in found if units is None or units.kind(one) not in units.slices]
        return self.packed((*others, unit))

    def packed(self, units: Iterable[bytes]) -> bytes:
        """A packet of these units."""
        width = self._width
        return b"".join((len(one).to_bytes(width, "big") if width else b"\0\0\1") + one for one in units)

    def is_broken(self, data: bytes) -> bool:
        """True when a packet holds bytes that the format forbids, or no picture.

        ITU-T H.264 and H.265, 7.4: the first bit of a unit is 0, and inside of it two zero bytes are never
        followed by 0, 1 or 2. Noise breaks the one, and a hole of zeros, which an upload in pieces leaves
        behind, the other, where the decoder may see nothing.
        """
        if self._units is None:
            return False
        found = self._found(data)
        self._note(found)
        return _is_broken(found, self._units)

    @property
    def may_hold_fields(self) -> bool:
        """False when each packet is known to hold a picture, and each to say whether others refer to it."""
        return self._units is None or not (self._is_told and self._is_plain)

    def is_intra(self, data: bytes) -> bool:
        """False when the picture of a keyframe's packet refers to others: only after it they become whole."""
        if self._units is None:
            return True
        return all(self._units.is_intra(one) for one in self._units.slices_in(self._found(data)))

    def is_entry(self, data: bytes) -> bool:
        """False when the picture of a keyframe's packet refers to others, not counting a second field."""
        if self._units is None:
            return True
        slices = self._units.slices_in(self._found(data))
        return all(self._units.is_intra(one) for one in slices[: 1 if self.may_hold_fields else None])

    def is_unreferenced(self, data: bytes) -> bool:
        """True when a packet is whole and says that it holds a picture that no other refers to, and no more.

        ITU-T H.264, 7.4.1 (nal_ref_idc); H.265, table 7-1 (sub-layer non-reference pictures).
        """
        if self._units is None or self.may_hold_fields:
            return False
        units, found = self._units, self._found(data)
        slices = units.slices_in(found)
        is_left_alone = bool(slices) and all(units.is_unreferenced(unit) for unit in slices)
        is_all = all(units.kind(unit) in units.slices or units.kind(unit) in units.fillings for unit in found)
        return is_left_alone and is_all and not _is_broken(found, units)

    def _found(self, data: bytes) -> list[bytes]:
        """The packet's units, without filling of zeros."""
        return [unit for unit in split_units(data, self._width) if unit.rstrip(b"\0")]

    def _in_header(self, head: bytes) -> list[bytes]:
        """The parameters in a codec's header, which has lengths where packets have them."""
        if self._units is None:
            return []
        return list(parameters_in(head, self._units.parameters) if self._width else split_units(head, 0))

    def _note(self, found: Iterable[bytes]) -> None:
        """Learn from the parameters among these units."""
        if self._units is None:
            return
        for unit in found:
            kind = self._units.kind(unit)
            if kind in self._units.numbered:
                with suppress(EOFError):
                    self.numbered.add((kind, h264_number(unit)))
            if kind == self._units.parameters:
                self._is_told = True
                try:
                    self._is_plain = self._is_plain and self._units.is_plain(unit)
                except EOFError:
                    self._is_plain = False


@dataclass(frozen=True)
class _Units:
    """How the units of a format say what they are."""

    width_at: int  # where the codec's header says how wide lengths are
    shift: int
    mask: int
    slices: Container[int]
    others: Container[int]  # may come without a slice: parameters, messages, ends, filling
    fillings: Container[int]  # of the others, those that say nothing about other packets
    parameters: int  # of a sequence
    numbered: Container[int]  # by `h264_number`
    is_plain: Callable[[bytes], bool]  # of parameters: units say by themselves what refers to them
    is_unreferenced: Callable[[bytes], bool]  # of a slice
    is_intra: Callable[[bytes], bool]  # of a slice

    def kind(self, unit: bytes) -> int:
        return unit[0] >> self.shift & self.mask if unit else self.mask

    def slices_in(self, found: Iterable[bytes]) -> list[bytes]:
        return [unit for unit in found if self.kind(unit) in self.slices]


def _h264_is_unreferenced(unit: bytes) -> bool:
    return unit[0] == 1  # a slice of a usual picture, nal_ref_idc 0


def _hevc_is_unreferenced(unit: bytes) -> bool:
    return unit[0] >> 1 in (0, 2, 4, 6, 8) and unit[1:2] == b"\x01"


_UNITS = {
    "h264": _Units(
        *(4, 0, 31, range(1, 6), range(6, 22)),
        fillings=(6, 9, 12),
        parameters=7,
        numbered=(7, 8),
        is_plain=h264_is_whole_frames,
        is_unreferenced=_h264_is_unreferenced,
        is_intra=h264_slice_is_intra,
    ),
    "hevc": _Units(
        *(21, 1, 63, range(32), range(32, 41)),
        fillings=(35, 38, 39, 40),
        parameters=33,
        numbered=(),
        is_plain=hevc_is_one_layer,
        is_unreferenced=_hevc_is_unreferenced,
        is_intra=lambda unit: unit[0] >> 1 in range(16, 24),
    ),
}


def split_units(data: bytes, width: int) -> Iterator[bytes]:
    """The units between start codes, or behind length fields of so many bytes (0: there are start codes)."""
    if not width:
        yield from data.split(b"\0\0\1")
        return
    position = 0
    while position + width <= len(data):
        end = position + width + int.from_bytes(data[position : position + width], "big")
        yield data[position + width : end]
        position = end


def _is_broken(found: list[bytes], units: _Units) -> bool:
    slices = units.slices_in(found)
    if not slices and any(units.kind(unit) not in units.others for unit in found):
        return True
    return any(unit[0] & 0x80 for unit in found) or any(_holds_zeros(unit.rstrip(b"\0")) for unit in slices)


def _holds_zeros(unit: bytes) -> bool:
    return b"\0\0\0" in unit or b"\0\0\1" in unit or b"\0\0\2" in unit
