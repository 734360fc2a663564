"""MP4 written box by box, with a description of its own for each part."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, cycle, islice
from pathlib import Path

from tests.datalake.adapters.media.decode.h264.by_hand import RATE_FPS, SIDE_PX, Units, is_keyframe
from tests.datalake.adapters.media.decode.h264.flash import LATE, avc_header, avc_packet

_TICKS = (7, 11, 12)  # from one packet to the next, ten a picture: unevenly, so that FFmpeg reads ahead
_MATRIX = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def write_movie(path: Path, parts: Sequence[tuple[Units, Sequence[tuple[int, Units]]]]) -> Path:
    """A file of parts one after the other: a description each, and packets with times from its start on."""
    firsts = list(accumulate((len(pictures) for _, pictures in parts), initial=0))
    timed = [
        (first + time, units)
        for first, (_, pictures) in zip(firsts, parts, strict=False)
        for time, units in pictures
    ]
    lasting = list(islice(cycle(_TICKS), len(timed)))
    decoded = accumulate(lasting, initial=0)
    lates = [10 * (time + LATE) - ticks for (time, _), ticks in zip(timed, decoded, strict=False)]
    keys = [place for place, (_, units) in enumerate(timed) if is_keyframe(units)]
    samples = [avc_packet(units) for _, units in timed]
    start = _box("ftyp", b"isom", bytes(4), b"isom")
    offsets = list(accumulate(map(len, samples), initial=len(start) + 8))[:-1]
    tables = _box(
        "stbl",
        _table("stsd", [_description(head) for head, _ in parts]),
        _table("stts", [struct.pack(">2I", 1, ticks) for ticks in lasting]),
        _table("ctts", [struct.pack(">2I", 1, late) for late in lates]),
        _table("stss", [struct.pack(">I", place + 1) for place in keys]),
        _table(
            "stsc", [struct.pack(">3I", first + 1, 1, part + 1) for part, first in enumerate(firsts[:-1])]
        ),
        _box("stsz", bytes(8), struct.pack(f">{len(samples) + 1}I", len(samples), *map(len, samples))),
        _table("stco", [struct.pack(">I", offset) for offset in offsets]),
    )
    path.write_bytes(start + _box("mdat", *samples) + _movie(len(samples), tables))
    return path


def _movie(length: int, tables: bytes) -> bytes:
    clock = bytes(12) + struct.pack(">2I", 10 * RATE_FPS, 10 * length)
    source = _box("dinf", _table("dref", [_box("url ", b"\0\0\0\1")]))
    media = _box(
        "mdia",
        _box("mdhd", clock, bytes(4)),
        _box("hdlr", bytes(8), b"vide", bytes(13)),
        _box("minf", _box("vmhd", b"\0\0\0\1", bytes(8)), source, tables),
    )
    track = _box(
        "tkhd",
        b"\0\0\0\3",
        bytes(8),
        struct.pack(">3I", 1, 0, 10 * length),
        bytes(16),
        _MATRIX,
        struct.pack(">2I", SIDE_PX << 16, SIDE_PX << 16),
    )
    header = _box("mvhd", clock, b"\0\1\0\0\1\0", bytes(10), _MATRIX, bytes(24), struct.pack(">I", 2))
    return _box("moov", header, _box("trak", track, media))


def _description(head: Units) -> bytes:
    size = struct.pack(">2H", SIDE_PX, SIDE_PX) + struct.pack(">2I", 72 << 16, 72 << 16)
    fixed = bytes(7) + b"\1" + bytes(16) + size + bytes(4) + b"\0\1" + bytes(32) + b"\0\x18\xff\xff"
    return _box("avc1", fixed, _box("avcC", avc_header(head)))


def _table(name: str, entries: Sequence[bytes]) -> bytes:
    return _box(name, bytes(4), struct.pack(">I", len(entries)), *entries)


def _box(name: str, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name.encode() + content
