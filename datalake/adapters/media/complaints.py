"""How damage shows: what FFmpeg's decoders say while they conceal it, and bytes that no encoder writes.

Decoders fill in what they cannot read and go on. Their error level is no measure: it also complains about
whole videos that are entered in the middle. Only lines that say a picture was patched up are counted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

import av
import av.logging
from av.video.codeccontext import VideoCodecContext

_PATCHED = re.compile(
    r"concealing \d+ DC"  # H.264, MPEG-4, MPEG-2: blocks of a picture were made up
    r"|Skipping invalid undecodable NALU: ([12]?\d|3[01])$"  # HEVC: a slice; other units are no pictures
    r"|Verifying checksum .*mismatching"  # HEVC: the encoder's own checksum of the picture
)
_HOLE = re.compile(r"max resync size reached|.* invalid as first byte of an EBML number")
_DECODERS_OF_RECORD = ("libdav1d",)  # its errors are all about pictures


class Complaints(logging.Handler):
    """The first sign of damage that FFmpeg logged, from any of its threads, since `taken`.

    Attributes:
        errors: lines of error level so far, signs or not.
        holes: stretches of the file so far in which MPEG-TS or Matroska found no packets.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errors = self.holes = 0
        self._sign: str | None = None
        self._logger = logging.getLogger("libav")

    def listen(self) -> None:
        """Start to listen; for the whole process."""
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        self._logger.addHandler(self)
        av.logging.set_skip_repeated(False)
        av.logging.set_level(av.logging.INFO)

    def leave(self) -> None:
        """Stop to listen."""
        av.logging.set_level(None)
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line if it is a sign."""
        line = record.getMessage()
        self.errors += record.levelno >= logging.ERROR
        self.holes += _HOLE.match(line) is not None
        is_of_record = record.levelno >= logging.ERROR and record.name.endswith(_DECODERS_OF_RECORD)
        if self._sign is None and (is_of_record or _PATCHED.match(line)):
            self._sign = line[:200]

    def taken(self) -> str | None:
        """The sign, once."""
        sign, self._sign = self._sign, None
        return sign


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
