"""Packets together with those around them, as far as pictures are reordered."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.planner import Neighbours

_MOST_BYTES = 8 * 1024**2


class Ahead(NamedTuple):
    """A packet, when it and those around it are on screen, and what had been met when it was read.

    Attributes:
        time_us: None where the container does not say.
        holes: how often there had been bytes that hold no packets.
    """

    packet: Packet[AvStream]
    time_us: int | None
    holes: int
    around: Neighbours


class Lookahead:
    """Reads some packets further than it gives, 8 MiB of them at most.

    Args:
        reach: so many packets; none: nothing is known of neighbours. A decoder that tells of damage in a log
            of all threads must not be read ahead of.
        packets: in the order of the file.
        time_us: when a packet's picture is on screen; None where the container does not say.
        holes: how often so far there were bytes that hold no packets.
    """

    def __init__(
        self,
        reach: int,
        packets: Iterator[Packet[AvStream]],
        time_us: Callable[[Packet[AvStream]], int | None],
        holes: Callable[[], int],
    ) -> None:
        self._reach = reach
        self._packets, self._time_us, self._holes = packets, time_us, holes
        self._read: deque[tuple[Packet[AvStream], int | None, int]] = deque()
        self._read_bytes = self._nameless = 0
        self._behind: deque[int | None] = deque()  # times of the last packets given
        self._passed: list[int] = []
        self._coming: list[int] = []
        self._is_open = True
        self._breaks_off: FFmpegError | None = None

    def __iter__(self) -> Iterator[Ahead]:
        """Every packet in turn.

        Raises:
            av.error.FFmpegError: nothing more can be read; every packet before that was given.
        """
        while True:
            self._fill()
            if not self._read:
                break
            packet, time_us, holes = self._read.popleft()
            self._read_bytes -= packet.size
            is_far = self._reach > 0 and (not self._is_open or len(self._read) >= self._reach)
            yield Ahead(packet, time_us, holes, self._neighbours(is_far))
            self._pass(time_us)
        if self._breaks_off is not None:
            raise self._breaks_off

    def _neighbours(self, is_far: bool) -> Neighbours:
        return Neighbours(self._passed, self._coming, is_far and not self._nameless)

    def _fill(self) -> None:
        while self._is_open and len(self._read) <= self._reach and self._read_bytes < _MOST_BYTES:
            try:
                packet = next(self._packets, None)
            except MemoryError:
                raise
            except FFmpegError as error:
                self._is_open, self._breaks_off = False, error
                return
            if packet is None:
                self._is_open = False
                return
            time_us = self._time_us(packet)
            self._read.append((packet, time_us, self._holes()))
            self._read_bytes += packet.size
            self._nameless += time_us is None
            if time_us is not None:
                insort(self._coming, time_us)

    def _pass(self, time_us: int | None) -> None:
        """The packet with this time is behind now, and the oldest one behind is forgotten."""
        self._behind.append(time_us)
        if time_us is not None:
            _take_out(self._coming, time_us)
            insort(self._passed, time_us)
        if len(self._behind) > self._reach:
            oldest_us = self._behind.popleft()
            self._nameless -= oldest_us is None
            if oldest_us is not None:
                _take_out(self._passed, oldest_us)


def _take_out(times: list[int], time_us: int) -> None:
    del times[bisect_left(times, time_us)]
