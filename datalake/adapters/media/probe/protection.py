"""Copy protection: what the headers say of it, read without any decoder. Only the picture counts."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from datalake.adapters.media.probe.elements import (
    HEAD_BYTES,
    boxes,
    boxes_within,
    elements_within,
    kind_of,
    matroska_segment,
    transport_layout,
    unsigned,
)

_ENCRYPTED_ENTRIES = {b"encv": "common encryption", b"drmi": "FairPlay"}  # ISO/IEC 23001-7; Apple
_TRACKS, _TRACK_ENTRY, _TRACK_TYPE, _VIDEO = b"\x16\x54\xae\x6b", b"\xae", b"\x83", 1
_CONTENT_ENCRYPTION = (b"\x6d\x80", b"\x62\x40", b"\x50\x35")  # ContentEncodings, -Encoding, -Encryption
_PACKETS_A_LOOK = 8192
_LOOKS = (0.0, 1 / 3, 2 / 3)  # where in the file


def protection(path: Path, picture_id: int) -> str | None:
    """How the picture is encrypted, as evidence; None when no header says so.

    Args:
        path: the file.
        picture_id: of the picture's stream, as the container counts; a PID in a transport stream.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        match kind_of(head):
            case "mp4":
                return _encrypted_entry(file, size)
            case "matroska":
                return _encrypted_track(file, size)
            case "transport":
                return _scrambled_packets(file, head, size, picture_id)
    return None


def _encrypted_entry(file: BinaryIO, size: int) -> str | None:
    """A sample entry that stands for an encrypted one."""
    for table in boxes_within(file, 0, size, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        for entry in boxes(file, table.body + 8, table.end or size):
            if scheme := _ENCRYPTED_ENTRIES.get(entry.name):
                return f"the picture is stored as {entry.name.decode()!r} ({scheme})"
    return None


def _encrypted_track(file: BinaryIO, size: int) -> str | None:
    segment = matroska_segment(file)
    if segment is None:
        return None
    end = min(segment.end or size, size)
    tracks = next(elements_within(file, segment.body, end, _TRACKS), None)
    for track in elements_within(file, tracks.body, tracks.end or end, _TRACK_ENTRY) if tracks else ():
        past = track.end or end
        kinds = [unsigned(file, kind) for kind in elements_within(file, track.body, past, _TRACK_TYPE)]
        if kinds == [_VIDEO] and any(elements_within(file, track.body, past, *_CONTENT_ENCRYPTION)):
            return "the picture track has a ContentEncryption"
    return None


def _scrambled_packets(file: BinaryIO, head: bytes, size: int, pid: int) -> str | None:
    """Most packets of the picture marked as scrambled, in three samples of the file."""
    layout = transport_layout(head)
    if layout is None:
        return None
    scrambled = total = 0
    for share in _LOOKS:
        file.seek(int(size * share) // layout.pitch * layout.pitch)
        content = file.read(_PACKETS_A_LOOK * layout.pitch)
        packets = np.frombuffer(content[: len(content) // layout.pitch * layout.pitch], np.uint8)
        headers = packets.reshape(-1, layout.pitch)[:, layout.start : layout.start + 4]
        pids = (headers[:, 1] & 0x1F).astype(np.int64) << 8 | headers[:, 2]
        control = headers[pids == pid, 3] >> 6  # transport_scrambling_control
        scrambled, total = scrambled + int(np.count_nonzero(control)), total + len(control)
    if 2 * scrambled <= total:
        return None
    return f"{scrambled} of {total} transport packets looked at are scrambled"
