"""What FFmpeg says while it reads past damage and conceals it.

Decoders fill in what they cannot read and go on. Their error level is no measure: it also complains about
whole videos that are entered in the middle. Only lines that say a picture was patched up are counted.
"""

from __future__ import annotations

import logging
import re
from typing import Self

import av
import av.logging

_BROKEN_OFF = "error while decoding MB"  # H.264: in the middle of a block
_PATCHED = re.compile(
    r"concealing \d+ DC"  # H.264, MPEG-4, MPEG-2: blocks of a picture were made up
    rf"|{_BROKEN_OFF}"  # of a field none are
    r"|Skipping invalid undecodable NALU: ([12]?\d|3[01])$"  # HEVC: a slice; other units are no pictures
    r"|Verifying checksum .*mismatching"  # HEVC: the encoder's own checksum of the picture
)
_HOLE = re.compile(r".* at pos (\d+) .* invalid as first byte of an EBML number")
_MOST_HOLES = 1000
_DECODERS_OF_RECORD = ("libdav1d",)  # its errors are all about pictures


class DecoderLog(logging.Handler):
    """The first sign of damage that FFmpeg logged, from any of its threads, since `taken`.

    Attributes:
        errors: lines of error level so far, signs or not.
        broken_off: blocks of H.264 so far whose bytes made no sense.
        holes: how often Matroska's demuxer found nothing to read where an element should begin.
        hole_starts: the bytes at which it did, each once; of very many only the first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errors = self.broken_off = self.holes = 0
        self.hole_starts: list[int] = []
        self._sign: str | None = None
        self._logger = logging.getLogger("libav")

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

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
        self.broken_off += line.startswith(_BROKEN_OFF)
        if hole := _HOLE.match(line):
            self._add_hole(int(hole[1]))
        is_of_record = record.levelno >= logging.ERROR and record.name.endswith(_DECODERS_OF_RECORD)
        if self._sign is None and (is_of_record or _PATCHED.match(line)):
            self._sign = line[:200]

    def _add_hole(self, start: int) -> None:
        self.holes += 1
        if len(self.hole_starts) < _MOST_HOLES and start not in self.hole_starts:
            self.hole_starts.append(start)

    def taken(self) -> str | None:
        """The sign, once."""
        sign, self._sign = self._sign, None
        return sign
