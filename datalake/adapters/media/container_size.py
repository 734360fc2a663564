"""How long a file says it is: the sizes in its outermost headers, read without any decoder.

Sources: ISO/IEC 14496-12 boxes (MP4, MOV), RIFF chunks (AVI), RFC 8794 EBML (Matroska, WebM), ISO/IEC 13818-1
transport packets.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_BOXES = frozenset(
    b"ftyp moov mdat free skip wide moof mfra uuid meta sidx ssix styp pdin udta pnot emsg prft".split()
)
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_SYNC = 0x47


def missing_part(path: Path) -> str | None:
    """What the headers promise and the file lacks, as evidence; None when nothing is known to be missing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(400)
        if head[4:8] in _BOXES:
            return _missing_box(file, size)
        if head[:4] == b"RIFF":
            return _shortfall("RIFF chunk", 8 + int.from_bytes(head[4:8], "little"), size)
        if head[:4] == _EBML:
            return _missing_segment(file, size)
        return _missing_packet(head, size)


def _missing_box(file: BinaryIO, size: int) -> str | None:
    """A box that ends after the file does, or media data without its index."""
    offset, names = 0, set()
    while offset + 8 <= size:
        file.seek(offset)
        header = file.read(16)
        name, length = header[4:8], int.from_bytes(header[:4], "big")
        if name not in _BOXES:
            break
        names.add(name)
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if offset + length > size:
            return _shortfall(f"box {name.decode()!r}", offset + length, size)
        offset = offset + length if length >= 8 else size
    if b"moof" in names and offset < size < offset + 8:
        return _shortfall("box header", offset + 8, size)
    if b"mdat" in names and b"moov" not in names:
        return "holds media data (mdat) but no index (moov)"
    return None


def _missing_segment(file: BinaryIO, size: int) -> str | None:
    """A Matroska segment that ends after the file does; live recordings leave its size open."""
    file.seek(4)
    file.seek(_vint(file) or 0, os.SEEK_CUR)
    if file.read(4) != _SEGMENT:
        return None
    length = _vint(file)
    return None if length is None else _shortfall("Matroska segment", file.tell() + length, size)


def _vint(file: BinaryIO) -> int | None:
    """An EBML variable-length size; None for the reserved value `unknown`."""
    first = (file.read(1) or b"\x01")[0]
    width = 9 - first.bit_length()
    value = int.from_bytes(bytes([first & (0xFF >> width)]) + file.read(width - 1), "big")
    return None if value == (1 << 7 * width) - 1 else value


def _missing_packet(head: bytes, size: int) -> str | None:
    """A transport stream that ends inside a packet (188 bytes, or 192 with a time code before each)."""
    for start, pitch in ((0, 188), (4, 192)):
        is_transport = len(head) > start + pitch and head[start] == head[start + pitch] == _SYNC
        if is_transport and size % pitch:
            return _shortfall("transport packet", size + pitch - size % pitch, size)
    return None


def _shortfall(what: str, promised: int, size: int) -> str | None:
    return f"{what} ends at byte {promised}, the file at {size}" if promised > size else None
