"""Pictures that are not decoded because nothing needs them, and the check that nothing did."""

from __future__ import annotations

from av.packet import Packet
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.damage import BEFORE_ALL_US, Picture
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.planner import Planner


class OutOfOrder(Exception):
    """Pictures do not come out by rising time, so what was left out may be wanted: decode every one."""


class LeftOut:
    """What was left out since decoding entered the stream.

    A picture that no other refers to is left out where the planner does not need it, if the times say that it
    is to come out between two others: behind the last one that came, and before one that is decoded already.
    So whatever the packets' times are worth, what comes out tells whether a wanted picture is missing.
    """

    def __init__(self, planner: Planner, decoder: PictureDecoder, clock: Clock) -> None:
        self._planner, self._decoder, self._clock = planner, decoder, clock
        self._farthest_us = BEFORE_ALL_US  # of what is decoded
        self._times_us: list[int] = []  # behind the last picture shown

    def enter(self) -> None:
        """Decoding enters the stream at the next packet."""
        self._farthest_us = BEFORE_ALL_US

    def takes(self, packet: Packet[AvStream], time_us: int, latest_us: int | None) -> bool:
        """True when a packet is not to be decoded; else it is taken for decoded.

        Args:
            packet: the next one of the stream.
            time_us: when its picture is on screen.
            latest_us: the same of the last picture that came out; None before the first.
        """
        is_needless = (
            latest_us is not None
            and latest_us < time_us < self._farthest_us
            and not (packet.pts is None or packet.is_discard or self._clock.counts_pictures)
            and not self._planner.is_needed(time_us)
            and self._decoder.is_unreferenced(packet)
        )
        if is_needless:
            self._times_us.append(time_us)
        elif not packet.is_discard:
            self._farthest_us = max(self._farthest_us, time_us)
        return is_needless

    def before(self, picture: Picture) -> Picture:
        """The picture that is shown next, with the time of the first one left out before it.

        Raises:
            OutOfOrder: one with the same time was left out.
        """
        first_us = min(self._times_us, default=picture.time_us + 1)
        if first_us > picture.time_us:
            return picture
        if picture.time_us in self._times_us:
            raise OutOfOrder
        self._times_us = [time_us for time_us in self._times_us if time_us > picture.time_us]
        return picture._replace(left_out_us=first_us)

    def end(self) -> None:
        """A picture came out of order, or none will come any more.

        Raises:
            OutOfOrder: some were left out that none has come behind.
        """
        if self._times_us:
            raise OutOfOrder
