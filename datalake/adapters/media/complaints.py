"""How damage shows: what FFmpeg's decoders say while they conceal it, and bytes that no encoder writes.

Decoders fill in what they cannot read and go on. Their error level is no measure: it also complains about
whole videos that are entered in the middle. Only lines that say a picture was patched up are counted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator

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
    """Tells whether a packet of this stream holds a slice with bytes that the format forbids.

    ITU-T H.264 and H.265, 7.4.1: inside a unit, two zero bytes are never followed by 0, 1 or 2. A hole of
    zeros, which an upload in pieces leaves behind, breaks that where the decoder may see nothing.
    """
    is_slice = _SLICES.get(context.name)
    if is_slice is None:
        return lambda _: False
    head = bytes(context.extradata or b"")
    position = 4 if context.name == "h264" else 21
    width = (head[position] & 3) + 1 if head[:1] == b"\x01" and len(head) > position else 0
    return lambda data: any(_is_broken(unit) for unit in _units(data, width) if unit and is_slice(unit[0]))


_SLICES: dict[str, Callable[[int], bool]] = {
    "h264": lambda head: head & 31 in (1, 5),
    "hevc": lambda head: head >> 1 & 63 < 32,
}


def _units(data: bytes, width: int) -> Iterator[bytes]:
    """The units between start codes, or behind length fields of so many bytes."""
    if not width:
        yield from data.split(b"\0\0\1")
        return
    position = 0
    while position + width <= len(data):
        end = position + width + int.from_bytes(data[position : position + width], "big")
        yield data[position + width : end]
        position = end


def _is_broken(unit: bytes) -> bool:
    unit = unit.rstrip(b"\0")
    return b"\0\0\0" in unit or b"\0\0\1" in unit or b"\0\0\2" in unit
