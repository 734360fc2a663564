"""Changes what a finished MP4 shows: a new edit list (ISO/IEC 14496-12, 8.6.6)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_PARENTS = (b"moov", b"trak", b"edts")


def edited(content: bytes, edits: Sequence[tuple[int, int]]) -> bytes:
    """Parts of the first track, one after the other: (milliseconds long, milliseconds from its start).

    The file has an edit list and its index last, so that no place of a sample changes.
    """
    second = int.from_bytes(_box(content, [*_PARENTS[:2], b"mdia", b"mdhd"])[12 + 8 : 12 + 12], "big")
    movie = int.from_bytes(_box(content, [b"moov", b"mvhd"])[12 + 8 : 12 + 12], "big")
    rows = [(length * movie // 1000, start * second // 1000, 1, 0) for length, start in edits]
    table = struct.pack(">II", 0, len(rows)) + b"".join(struct.pack(">IiHH", *row) for row in rows)
    old = _box(content, [*_PARENTS, b"elst"])
    new = struct.pack(">I", len(table) + 8) + b"elst" + table
    for depth in range(len(_PARENTS), 0, -1):
        parent = _box(content, _PARENTS[:depth])
        grown = parent.replace(old, new, 1)
        old, new = parent, struct.pack(">I", len(grown)) + grown[4:]
    return content.replace(old, new, 1)


def _box(content: bytes, path: Sequence[bytes]) -> bytes:
    """The first box at a path, header and all."""
    start, end = 0, len(content)
    for name in path:
        while content[start + 4 : start + 8] != name:
            start += int.from_bytes(content[start : start + 4], "big")
        end = start + int.from_bytes(content[start : start + 4], "big")
        found = content[start:end]
        start += 8
    return found
