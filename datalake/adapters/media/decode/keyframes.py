"""Where the keyframes of a stream are: one small number each, however long the video is."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import numpy as np
from av.error import FFmpegError
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.containers import opened
from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.packets import packets

_FAR_US = 2**62  # times beyond are nonsense, and would not fit the array


def keyframe_times_us(path: str, stream: AvStream, clock: Clock) -> array[int]:
    """Keyframe times in order, microseconds: from the container's index where it is whole, else the packets'.

    The index lists decoding times; the first one is the start of the video.
    """
    is_whole = len(stream.index_entries) == stream.frames > 0
    times_us = _indexed(stream, clock) if is_whole else _scanned(path, stream.index, clock)
    found = np.fromiter((time_us for time_us in times_us if abs(time_us) < _FAR_US), np.int64)
    found.sort()
    return array("q", found.tobytes())


def _indexed(stream: AvStream, clock: Clock) -> Iterator[int]:
    first = stream.index_entries[0].timestamp
    for entry in stream.index_entries:
        if entry.is_keyframe:
            yield clock.us_from_start(entry.timestamp - first)


def _scanned(path: str, index: int, clock: Clock) -> Iterator[int]:
    with opened(path) as container, suppress(FFmpegError):  # what cannot be read cannot be decoded either
        for packet in packets(container, cast("AvStream", container.streams[index])):
            time_us = clock.packet_us(packet)
            if packet.is_keyframe and time_us is not None:
                yield time_us
