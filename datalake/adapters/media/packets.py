"""Reading packets past bytes that are none."""

from __future__ import annotations

from collections.abc import Iterator

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream as AvStream


def packets(container: InputContainer, stream: AvStream) -> Iterator[Packet[AvStream]]:
    """The stream's packets from where the container stands, without the empty ones.

    Raises:
        av.error.FFmpegError: nothing more can be read.
    """
    demuxed = container.demux(stream)
    while True:
        try:
            packet = next(demuxed, None)
        except BlockingIOError:  # MPEG-TS: 64 KB without a packet; what follows is found by reading on
            demuxed = container.demux(stream)
            continue
        if packet is None:
            return
        if packet.size:
            yield packet
