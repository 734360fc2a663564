"""The packets of a stream, with a look at those that come next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.h264.references import Links
from datalake.adapters.media.decode.picture_decoder import PictureDecoder

_FARTHEST = 16  # packets


class Coming(NamedTuple):
    """A packet that was read.

    Attributes:
        time_us: when its picture is on screen; None where the container does not say.
        holes: how often the demuxer had gone past bytes that hold no packets when it was read.
        links: what its picture refers to; None where that is not known.
    """

    packet: Packet[AvStream]
    time_us: int | None
    holes: int = 0
    links: Links | None = None


class Upcoming:
    """Packets in the order of the file, from a place where decoding may begin on.

    Looking ahead reads no farther than it is looked.

    Attributes:
        breaks_off: why the file cannot be read any more; None where it was not tried, or has ended.
    """

    def __init__(self, packets: Iterator[Packet[AvStream]], decoder: PictureDecoder, clock: Clock) -> None:
        self._packets, self._decoder, self._clock = packets, decoder, clock
        self._references = decoder.references()
        self._read: deque[Coming] = deque()
        self.breaks_off: str | None = None

    def __iter__(self) -> Iterator[Coming]:
        while True:
            if not self._read and not self._has_read():
                return
            yield self._read.popleft()

    def ahead(self) -> Iterator[Coming]:
        """Those behind the one that was given last, without giving them; only so many."""
        for place in range(_FARTHEST):
            if place == len(self._read) and not self._has_read():
                return
            yield self._read[place]

    def _has_read(self) -> bool:
        packet = self._next()
        if packet is None:
            return False
        time_us, holes = self._clock.packet_us(packet), self._decoder.holes
        self._decoder.meet(packet)
        followed = self._references
        links = None if followed is None else followed.next(self._decoder.units(packet))
        self._read.append(Coming(packet, time_us, holes, links))
        return True

    def _next(self) -> Packet[AvStream] | None:
        try:
            return next(self._packets, None)
        except MemoryError:
            raise
        except FFmpegError as error:
            self.breaks_off = error.strerror or type(error).__name__
            return None
