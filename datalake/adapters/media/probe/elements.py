"""The outer structure of containers: boxes, chunks and elements, walked by their headers, undecoded.

Sources: ISO/IEC 14496-12 boxes (MP4, MOV), RIFF chunks (AVI), RFC 8794 and RFC 9559 EBML (Matroska, WebM),
ISO/IEC 13818-1 transport packets, Adobe's FLV tags.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple

Kind = Literal["mp4", "avi", "matroska", "flv", "transport"]

BOXES = frozenset(
    b"ftyp moov mdat free skip wide moof mfra uuid meta sidx ssix styp pdin udta pnot emsg prft".split()
)
HEAD_BYTES = 400  # enough to tell every kind
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_SYNC = 0x47
_MOST_ELEMENTS = 500_000  # side by side; a file of more is none that a walk is meant for


class Element(NamedTuple):
    """One box, chunk or element: name and byte positions; `end` is None where its size is left open."""

    name: bytes
    start: int
    body: int
    end: int | None


class TransportLayout(NamedTuple):
    """Where the packets of a transport stream lie: the first one, and bytes from one to the next."""

    start: int
    pitch: int


def kind_of(head: bytes) -> Kind | None:
    """What the first HEAD_BYTES of a file say that it is; None for kinds that are not looked into."""
    if head[4:8] in BOXES:
        return "mp4"
    if head[:4] == b"RIFF":
        return "avi"
    if head[:4] == _EBML:
        return "matroska"
    if head[:3] == b"FLV":
        return "flv"
    return "transport" if transport_layout(head) else None


def transport_layout(head: bytes) -> TransportLayout | None:
    """Packets of 188 bytes, or of 192 with a time code before each; None for other files."""
    for layout in (TransportLayout(0, 188), TransportLayout(4, 192)):
        second = layout.start + layout.pitch
        if len(head) > second and head[layout.start] == head[second] == _SYNC:
            return layout
    return None


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """The boxes that begin in [start, end), one after the other; the last may end later than that."""
    end = _inside(file, end)
    for _ in range(_MOST_ELEMENTS):
        if start + 8 > end:
            return
        file.seek(start)
        header = file.read(16)
        length, body = int.from_bytes(header[:4], "big"), start + 8
        past = start + length if length else end  # 0: up to the end
        if length == 1:
            body, past = start + 16, start + int.from_bytes(header[8:16], "big")
        if past < body:
            return
        yield Element(header[4:8], start, body, past)
        start = past


def boxes_within(file: BinaryIO, start: int, end: int, *names: bytes) -> Iterator[Element]:
    """The boxes at this path of names, e.g. every `moov`, `trak`."""
    for box in boxes(file, start, end):
        if box.name == names[0]:
            past = min(box.end or end, end)
            if len(names) == 1:
                yield box
            else:
                yield from boxes_within(file, box.body, past, *names[1:])


def chunks(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """The RIFF chunks that begin in [start, end); a LIST is named after its kind, e.g. `movi`."""
    end = _inside(file, end)
    for _ in range(_MOST_ELEMENTS):
        if start + 8 > end:
            return
        file.seek(start)
        header = file.read(12)
        name, length = header[:4], int.from_bytes(header[4:8], "little")
        is_list = name in (b"RIFF", b"LIST")
        past = start + 8 + length + length % 2
        if is_list and length < 4:
            return
        yield Element(header[8:12] if is_list else name, start, start + (12 if is_list else 8), past)
        start = past


def matroska_segment(file: BinaryIO) -> Element | None:
    """The segment that holds everything; None where the header is damaged."""
    size = file.seek(0, os.SEEK_END)
    return next((one for one in elements(file, 0, size) if one.name == _SEGMENT), None)


def elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """The EBML elements that begin in [start, end); nothing follows one whose size is left open."""
    end = _inside(file, end)
    for _ in range(_MOST_ELEMENTS):
        if start >= end:
            return
        file.seek(start)
        first = file.read(1)
        width = 9 - first[0].bit_length() if first else 9
        if width > 4:  # no name of an element
            return
        name = first + file.read(width - 1)
        length = _size(file)
        body = file.tell()
        yield Element(name, start, body, None if length is None else body + length)
        if length is None:
            return
        start = body + length


def elements_within(file: BinaryIO, start: int, end: int, *names: bytes) -> Iterator[Element]:
    """The elements at this path of names."""
    for element in elements(file, start, end):
        if element.name == names[0]:
            past = min(element.end or end, end)
            if len(names) == 1:
                yield element
            else:
                yield from elements_within(file, element.body, past, *names[1:])


def unsigned(file: BinaryIO, element: Element) -> int:
    """The number that an EBML element holds."""
    file.seek(element.body)
    return int.from_bytes(file.read(min((element.end or element.body) - element.body, 8)), "big")


def _inside(file: BinaryIO, end: int) -> int:
    """Where a walk ends at the latest: a damaged size may lead to where no file system lets us seek."""
    return min(end, file.seek(0, os.SEEK_END))


def _size(file: BinaryIO) -> int | None:
    """An EBML variable-length size; None for the reserved value `unknown`, and for what is no size."""
    first = (file.read(1) or b"\x01")[0]
    if not first:
        return None
    width = 9 - first.bit_length()
    value = int.from_bytes(bytes([first & (0xFF >> width)]) + file.read(width - 1), "big")
    return None if value == (1 << 7 * width) - 1 else value
