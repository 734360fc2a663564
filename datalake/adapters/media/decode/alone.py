"""Keyframes decoded without anything behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.damage import Picture
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.seeking import seek
from datalake.adapters.media.packets import packets
from datalake.adapters.media.transport_holes import Hole

_BACK_US = (0, 1_000_000)  # where an index is by decoding time, a seek lands behind the keyframe


class Keyframes:
    """Takes keyframes of one file alone, as long as that works.

    Args:
        clock: of the file.
        holes: where it has any, nothing is taken alone: a keyframe may reach into one.
    """

    def __init__(self, clock: Clock, holes: Sequence[Hole]) -> None:
        self._clock = clock
        self._back_us = [] if clock.counts_pictures or holes else list(_BACK_US)

    @property
    def are_alone(self) -> bool:
        """False once a keyframe could not be found or was not whole without others."""
        return bool(self._back_us)

    def never(self) -> None:
        """Take none alone any more."""
        self._back_us = []

    def at(
        self, time_us: int, container: InputContainer, stream: AvStream, decoder: PictureDecoder
    ) -> Picture | None:
        """The keyframe on screen from this time on, if it is whole; if not, none is tried any more.

        The container stands anywhere afterwards; the decoder has to be told of the next seek.
        """
        while self._back_us:
            packet = self._packet(time_us, container, stream, decoder)
            if packet is None:
                self._back_us.pop(0)
                continue
            picture = self._decoded(packet, time_us, decoder)
            if picture is None:
                self.never()
            return picture
        return None

    def _packet(
        self, time_us: int, container: InputContainer, stream: AvStream, decoder: PictureDecoder
    ) -> Packet[AvStream] | None:
        try:
            seek(container, stream, self._clock.ticks(time_us - self._back_us[0]), decoder)
            return next(self._until(time_us, packets(container, stream), decoder), None)
        except MemoryError:
            raise
        except FFmpegError:
            return None

    def _until(
        self, time_us: int, found: Iterator[Packet[AvStream]], decoder: PictureDecoder
    ) -> Iterator[Packet[AvStream]]:
        """The keyframe of this time, unless a later one comes first."""
        for packet in found:
            decoder.meet(packet)
            if packet.is_keyframe:
                shown_us = self._clock.packet_us(packet)
                if shown_us == time_us:
                    yield packet
                if shown_us is None or shown_us >= time_us:
                    return

    def _decoded(self, packet: Packet[AvStream], time_us: int, decoder: PictureDecoder) -> Picture | None:
        if packet.pts is None or packet.is_discard or not decoder.is_intra(packet):
            return None
        decoder.sought()
        decoder.learn(packet)
        decoded = decoder.frames(packet)
        if decoded.damage is not None:
            return None
        rest = decoder.rest()
        frames = [*decoded.frames, *rest.frames]
        if [one.pts for one in frames] != [packet.pts]:
            return None
        (frame,) = frames
        is_keyframe = frame.key_frame or not decoder.names_keyframes
        is_whole = is_keyframe and not frame.is_corrupt and rest.damage is None
        return Picture(time_us, packet.pts, frame) if is_whole else None
