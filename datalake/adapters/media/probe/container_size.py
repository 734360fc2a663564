"""How long a file says it is: the sizes in its outermost headers, read without any decoder."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from datalake.adapters.media.probe.elements import (
    BOXES,
    HEAD_BYTES,
    boxes,
    kind_of,
    matroska_segment,
    transport_layout,
)

_FLV_TAGS = (8, 9, 18)  # sound, picture, data
_SYNC = b"\x47"  # ISO/IEC 13818-1, 2.4.3: every transport packet begins with it, then says what it is part of
_TABLES, _NULL = range(0x20), 0x1FFF


def missing_part(path: Path) -> str | None:
    """What the headers promise and the file lacks, as evidence; None when nothing is known to be missing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        match kind_of(head):
            case "mp4":
                return _missing_box(file, size)
            case "avi":
                return _shortfall("RIFF chunk", 8 + int.from_bytes(head[4:8], "little"), size)
            case "matroska":
                return _missing_segment(file, size)
            case "flv":
                return _missing_tag(file, size)
            case "transport":
                return _missing_packet(file, head, size)
    return None


def _missing_box(file: BinaryIO, size: int) -> str | None:
    """A box that ends after the file does, or media data without its index."""
    past, names = 0, set()
    for box in boxes(file, 0, size):
        if box.name not in BOXES:
            break
        names.add(box.name)
        past = box.end or size
        if past > size:
            return _shortfall(f"box {box.name.decode()!r}", past, size)
    if b"moof" in names and past < size < past + 8:
        return _shortfall("box header", past + 8, size)
    if b"mdat" in names and b"moov" not in names:
        return "holds media data (mdat) but no index (moov)"
    return None


def _missing_segment(file: BinaryIO, size: int) -> str | None:
    """A Matroska segment that ends after the file does; live recordings leave its size open."""
    segment = matroska_segment(file)
    if segment is None or segment.end is None:
        return None
    return _shortfall("Matroska segment", segment.end, size)


def _missing_tag(file: BinaryIO, size: int) -> str | None:
    """An FLV that ends inside a tag: after each, four bytes say how long it was."""
    file.seek(max(0, size - 4))
    length = int.from_bytes(file.read(4), "big")
    if size <= 13 or length == 0:  # the header, and the zero after it
        return None
    file.seek(max(0, size - 4 - length))
    tag = file.read(4)
    is_whole = tag[:1] and tag[0] & 0x1F in _FLV_TAGS and int.from_bytes(tag[1:], "big") + 11 == length
    return None if is_whole else f"the last FLV tag ends later than the file at {size}"


def _missing_packet(file: BinaryIO, head: bytes, size: int) -> str | None:
    """A transport stream that ends inside a packet of pictures or sound: a table or filling is no loss."""
    layout = transport_layout(head)
    if layout is None or size % layout.pitch == 0:
        return None
    file.seek(size - size % layout.pitch + layout.start)
    begun = file.read(3)
    pid = int.from_bytes(begun[1:]) & 0x1FFF if len(begun) == 3 else None
    if begun[:1] not in (b"", _SYNC) or pid in _TABLES or pid == _NULL:
        return None
    return _shortfall("transport packet", size + layout.pitch - size % layout.pitch, size)


def _shortfall(what: str, promised: int, size: int) -> str | None:
    return f"{what} ends at byte {promised}, the file at {size}" if promised > size else None
