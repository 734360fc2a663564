"""Stretches of a transport stream that hold no packets: what a demuxer steps over without a word.

ISO/IEC 13818-1, 2.4.3: every packet begins with the byte 0x47 and is 188 bytes long; 4 bytes of time code
before each (M2TS) or 16 of error correction behind it (DVB) are usual. An upload in pieces leaves zeros.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from av.container import InputContainer

_SYNC = b"\x47"
_PITCHES = (188, 192, 204)  # bytes from one packet to the next
_IN_A_ROW = 4  # sync bytes that make packets of what could be chance
_FOLLOWING = [(_IN_A_ROW - 1) * (b".{%d}" % (pitch - 1) + _SYNC) for pitch in _PITCHES]
# written out and searched at once: a file may be made to cost much at each byte. One group a pitch
_PACKETS = re.compile(_SYNC + b"(?:(" + b")|(".join(_FOLLOWING) + b"))", re.DOTALL)
_BLOCK_PACKETS = 65_536
_WINDOW_BYTES = 1024**2
_MOST_HOLES = 1000  # each costs a read; whoever has that many has no video
_FILLING_BYTES = 64 * 1024  # recorders fill the last block of the file


class Hole(NamedTuple):
    """Bytes [start, end) of a file that hold nothing to read."""

    start: int
    end: int


class _Packets(NamedTuple):
    """Where packets begin, and how many bytes from one to the next."""

    start: int
    pitch: int


def holes_of(container: InputContainer) -> list[Hole]:
    """The holes of an open file: none where it is no transport stream."""
    return transport_holes(Path(container.name)) if container.format.name == "mpegts" else []


def transport_holes(path: Path) -> list[Hole]:
    """The first 1000 holes between packets, in order, and the one at the end where it is no filling.

    Fewer bytes than a packet are none: joined segments leave padding between them.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        return list(islice(_holes(file, size), _MOST_HOLES))


def _holes(file: BinaryIO, size: int) -> Iterator[Hole]:
    packets = _packets_from(file, 0)
    while packets is not None:
        start = _end_of_packets(file, packets, size)
        pitch, packets = packets.pitch, _packets_from(file, start)
        if packets is None and size - start > _FILLING_BYTES:
            yield Hole(start, size)
        elif packets is not None and packets.start - start >= pitch:
            yield Hole(start, packets.start)


def _end_of_packets(file: BinaryIO, packets: _Packets, size: int) -> int:
    """Where the next packet should begin and none does."""
    position = packets.start
    while position < size:
        file.seek(position)
        firsts = file.read(packets.pitch * _BLOCK_PACKETS)[:: packets.pitch]
        others = firsts.lstrip(_SYNC)
        position += (len(firsts) - len(others)) * packets.pitch
        if others or not firsts:  # or the file has shrunk
            return position
    return position


def _packets_from(file: BinaryIO, position: int) -> _Packets | None:
    """The next packets that begin at this byte or later."""
    reach = (_IN_A_ROW - 1) * max(_PITCHES)
    while True:
        file.seek(position)
        content = file.read(_WINDOW_BYTES + reach)
        if len(content) <= (_IN_A_ROW - 1) * min(_PITCHES):
            return None
        if (first := _PACKETS.search(content)) and first.lastindex:
            return _Packets(position + first.start(), _PITCHES[first.lastindex - 1])
        position += _WINDOW_BYTES
