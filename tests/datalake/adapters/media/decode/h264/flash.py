"""Flash Video written byte by byte, for a header in the middle of it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from tests.datalake.adapters.media.decode.h264.by_hand import RATE_FPS, SEQUENCE, Units, is_keyframe

_VIDEO = 9
_KEYFRAME, _OTHER = 0x17, 0x27  # of H.264
_PICTURE_MS = 1000 // RATE_FPS
LATE = 4  # pictures come out so many after they are decoded


def write_flash(path: Path, parts: Iterable[tuple[Units, Iterable[tuple[int, Units]]]]) -> Path:
    """A file of parts that follow each other: a header each, and packets with times from its start on."""
    content, place = b"FLV\1\1\0\0\0\x09" + bytes(4), 0
    for head, pictures in parts:
        content += _tag(place, _KEYFRAME, 0, 0, avc_header(head))
        begins = place
        for time, units in pictures:
            kind = _KEYFRAME if is_keyframe(units) else _OTHER
            late_ms = (begins + time + LATE - place) * _PICTURE_MS
            data = avc_packet(units)
            content += _tag(place, kind, 1, late_ms, data)
            place += 1
    path.write_bytes(content)
    return path


def _tag(place: int, kind: int, what: int, late_ms: int, data: bytes) -> bytes:
    body = bytes([kind, what]) + late_ms.to_bytes(3, "big", signed=True) + data
    start = (
        bytes([_VIDEO]) + len(body).to_bytes(3, "big") + (place * _PICTURE_MS).to_bytes(3, "big") + bytes(4)
    )
    return start + body + struct.pack(">I", len(start) + len(body))


def avc_packet(units: Units) -> bytes:
    """Units of a packet as containers keep them."""
    return b"".join(struct.pack(">I", len(one)) + one for one in units)


def avc_header(head: Units) -> bytes:
    """Parameters as containers keep them."""
    sequences = [one for one in head if one[0] & 31 == SEQUENCE]
    others = [one for one in head if one not in sequences]
    listed = [b"".join(struct.pack(">H", len(one)) + one for one in units) for units in (sequences, others)]
    start = b"\1" + sequences[0][1:4] + b"\xff" + bytes([0xE0 | len(sequences)])
    return start + listed[0] + bytes([len(others)]) + listed[1]
