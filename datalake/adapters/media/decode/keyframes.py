"""Where the keyframes of a stream are, in the order of the file: one number each, however long the video."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, cast

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.containers import opened
from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.packets import header_in, packets

_FAR_US = 2**62  # times beyond are nonsense, and would not fit the array


class KeyframeTimes(NamedTuple):
    """When keyframes are on screen, in the order of the file.

    Attributes:
        times_us: microseconds.
        has_other_headers: packets bring headers other than the first: who seeks past one does without it.
    """

    times_us: array[int]
    has_other_headers: bool = False


def keyframe_times(path: str, stream: AvStream, clock: Clock) -> KeyframeTimes:
    """About when keyframes are on screen, without reading a file that has an index.

    The index lists decoding times; the first one is the start of the video.
    """
    if is_indexed(stream):
        return KeyframeTimes(_listed(_indexed(stream, clock)))
    headers: set[bytes] = set()
    times_us = _listed(_scanned(path, stream.index, clock, headers))
    return KeyframeTimes(times_us, has_other_headers=len(headers) > 1)


def shown_keyframe_times_us(path: str, stream: AvStream, clock: Clock) -> array[int]:
    """When keyframes are on screen first, microseconds: packets say so, an index does not.

    Where there is an index only the keyframes are read.
    """
    if is_indexed(stream):
        return _listed(_sought(path, stream, clock))
    return keyframe_times(path, stream, clock).times_us


def is_indexed(stream: AvStream) -> bool:
    """False where keyframes are found by reading all packets, which say when they are shown."""
    return len(stream.index_entries) == stream.frames > 0


def _listed(times_us: Iterator[int]) -> array[int]:
    return array("q", (time_us for time_us in times_us if abs(time_us) < _FAR_US))


def _indexed(stream: AvStream, clock: Clock) -> Iterator[int]:
    first = stream.index_entries[0].timestamp
    for entry in stream.index_entries:
        if entry.is_keyframe:
            yield clock.us_from_start(entry.timestamp - first)


def _scanned(path: str, index: int, clock: Clock, headers: set[bytes]) -> Iterator[int]:
    with opened(path) as container, suppress(FFmpegError):  # what cannot be read cannot be decoded either
        stream = cast("AvStream", container.streams[index])
        headers.add(bytes(stream.codec_context.extradata or b""))
        for packet in packets(container, stream):
            if len(headers) == 1 and (header := header_in(packet)) is not None:
                headers.add(bytes(header))
            yield from _shown(packet, clock)


def _sought(path: str, stream: AvStream, clock: Clock) -> Iterator[int]:
    """A demuxer that is told to leave out what is no keyframe gives the others wrong times, so seek."""
    with opened(path) as container:
        own = cast("AvStream", container.streams[stream.index])
        first = stream.index_entries[0].timestamp
        for dts in (entry.timestamp for entry in stream.index_entries if entry.is_keyframe):
            packet = _packet_at(dts, (clock.ticks(clock.us_from_start(dts - first)), dts), container, own)
            if packet is not None:
                yield from _shown(packet, clock)


def _packet_at(
    dts: int, seeks: Iterable[int], container: InputContainer, stream: AvStream
) -> Packet[AvStream] | None:
    """The packet with this decoding time, behind the first of these seeks that does not lead past it."""
    for ticks in seeks:
        try:
            container.seek(ticks, stream=stream)
            read = packets(container, stream)
            found = next((one for one in read if one.dts is None or one.dts >= dts), None)
        except MemoryError:
            raise
        except FFmpegError:
            continue
        if found is not None and found.dts == dts:
            return found
    return None


def _shown(packet: Packet[AvStream], clock: Clock) -> Iterator[int]:
    time_us = clock.packet_us(packet)
    if packet.is_keyframe and not packet.is_discard and time_us is not None:
        yield time_us
