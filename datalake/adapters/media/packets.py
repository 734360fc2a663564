"""Reading packets past bytes that are none: the one loop that probing, decoding and transcoding share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, cast

from av.container import InputContainer
from av.packet import Packet, PacketSideData
from av.stream import Stream

AnyStream = TypeVar("AnyStream", bound=Stream)


def packets(container: InputContainer, *streams: AnyStream) -> Iterator[Packet[AnyStream]]:
    """The packets of these streams from where the container stands, without the empty ones.

    Raises:
        av.error.FFmpegError: nothing more can be read.
    """
    demuxed = container.demux(*streams) if streams else iter(())
    while True:
        try:
            packet = next(demuxed, None)
        except BlockingIOError:  # MPEG-TS: 64 KB without a packet; what follows is found by reading on
            demuxed = container.demux(*streams)
            continue
        except IndexError:  # PyAV 18 flushes streams that it does not list: those that appeared on the way
            return
        if packet is None:
            return
        if packet.size:
            yield cast("Packet[AnyStream]", packet)


def header_in(packet: Packet[AnyStream]) -> PacketSideData | None:
    """The codec's header that comes with a packet and is in force from there on."""
    return packet.get_sidedata("new_extradata") if packet.has_sidedata("new_extradata") else None
