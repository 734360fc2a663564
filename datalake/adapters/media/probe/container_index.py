"""The index at the end of a container: is it there, and does it point at what it should?

Fragmented MP4, FLV, live Matroska and transport streams need none; an MP4 without one cannot be read at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from datalake.adapters.media.probe.elements import (
    HEAD_BYTES,
    chunks,
    elements,
    elements_within,
    kind_of,
    matroska_segment,
    unsigned,
)

Positions = npt.NDArray[np.int64]

_CLUSTER, _CUES = b"\x1f\x43\xb6\x75", b"\x1c\x53\xbb\x6b"
_CUE_CLUSTER_POSITION = (b"\xbb", b"\xb7", b"\xf1")  # CuePoint, CueTrackPositions, CueClusterPosition
_CHUNK_HEADER_BYTES = 8
_TOLERATED_SHARE = 0.01


def broken_index(path: Path) -> str | None:
    """What is wrong with the index of an AVI or a Matroska file, as evidence; None for nothing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        match kind_of(file.read(HEAD_BYTES)):
            case "avi":
                return _missing_avi_index(file, size)
            case "matroska":
                return _wrong_cues(file)
    return None


def avi_index(container: InputContainer, stream: VideoStream | None) -> Positions | None:
    """Bytes at which the picture's chunks begin, as an AVI says, before its packets are read; else None."""
    if stream is None or container.format.name != "avi":
        return None
    return np.array([entry.pos for entry in stream.index_entries], np.int64)


def wrong_positions(positions: Positions, index: Positions) -> str | None:
    """What the index of an AVI misses, as evidence.

    Args:
        positions: bytes at which the pictures begin.
        index: bytes at which their chunks begin, as the index says.
    """
    found = int(np.isin(positions - _CHUNK_HEADER_BYTES, index).sum())
    if len(positions) - found <= max(2.0, _TOLERATED_SHARE * len(positions)):
        return None
    return f"the index finds {found} of {len(positions)} pictures"


def _missing_avi_index(file: BinaryIO, size: int) -> str | None:
    """Neither `idx1` after the pictures nor an OpenDML index (`indx`) in the header of a stream."""
    for riff in chunks(file, 0, size):
        for chunk in chunks(file, riff.body, min(riff.end or size, size)):
            if chunk.name == b"idx1":
                return None
            if chunk.name == b"hdrl" and b"indx" in _content(file, chunk.body, chunk.end or size):
                return None
    return "there is neither `idx1` nor `indx`"


def _content(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(end - start, 1024**2))


def _wrong_cues(file: BinaryIO) -> str | None:
    """No Cues, or some that point to no Cluster."""
    segment = matroska_segment(file)
    if segment is None or segment.end is None:
        return None
    clusters: set[int] = set()
    cues: list[int] | None = None
    for element in elements(file, segment.body, segment.end):
        if element.end is None:  # live: written as it came
            return None
        if element.name == _CLUSTER:
            clusters.add(element.start - segment.body)
        if element.name == _CUES:
            points = elements_within(file, element.body, element.end, *_CUE_CLUSTER_POSITION)
            cues = [unsigned(file, point) for point in points]
    if not clusters:
        return None
    if not cues:
        return "there are no Cues"
    lost = sum(1 for position in cues if position not in clusters)
    return f"{lost} of {len(cues)} Cues point to no Cluster" if lost else None
