"""Pictures that are not decoded because nothing needs them, and the check that nothing did."""

from __future__ import annotations

from collections.abc import Iterator

from av.packet import Packet
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.damage import BEFORE_ALL_US, Picture
from datalake.adapters.media.decode.look_ahead import Coming, Upcoming
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.planner import Planner
from datalake.adapters.media.decode.stand_ins import StandIns


class OutOfOrder(Exception):
    """Pictures do not come out as their packets' times say, so one left out may be wanted: leave out none."""


class SeekMisled(Exception):
    """What comes behind a seek is not what comes there from the start of the file on."""


class LeftOut:
    """What was left out since decoding entered the stream.

    A picture that the planner does not need is left out if no other refers to it, or if those that do are
    left out themselves; then another stands in for it, so that the decoder counts on. The times have to say
    that it is to come out between two others: behind the last one that came, and before one that is decoded.
    What comes out then tells whether a wanted one is missing, as long as whatever is decoded comes out at its
    time: a decoder that has to guess how far pictures are reordered may lose one if it is given fewer, be it
    that some are left out or that it did not begin at the start.
    """

    def __init__(
        self, planner: Planner, decoder: PictureDecoder, clock: Clock, upcoming: Upcoming, is_start: bool
    ) -> None:
        self._planner, self._decoder, self._clock = planner, decoder, clock
        self._upcoming, self._is_start = upcoming, is_start
        self._has_any = False
        self._entry_us = BEFORE_ALL_US
        self._farthest_us = BEFORE_ALL_US  # of what is decoded
        self._times_us: list[int] = []  # behind the last picture shown
        self._due_us: list[int] = []  # what is decoded and has not come out yet
        self._stand_ins = StandIns(decoder, upcoming)

    def enter(self, keyframe_us: int) -> None:
        """Decoding enters the stream at the next packet; those shown before it may never come out."""
        self._entry_us, self._farthest_us, self._due_us = keyframe_us, BEFORE_ALL_US, []
        self._stand_ins.enter()

    def instead_of(self, coming: Coming, time_us: int, latest_us: int | None) -> Packet[AvStream] | None:
        """What is to be decoded: the packet, one that stands in for it, or None.

        Args:
            coming: the next packet of the stream.
            time_us: when its picture is on screen.
            latest_us: the same of the last picture that came out; None before the first.

        Raises:
            OutOfOrder: it refers to a picture that was left out, or times behind it depend on one.
        """
        packet = coming.packet
        self._stand_ins.follow(coming)
        if packet.pts is None:
            self._planner.leaves_out = False
            if self._has_any:
                raise OutOfOrder
        is_between = latest_us is not None and latest_us < time_us < self._farthest_us
        may_miss = is_between and not (packet.is_discard or self._clock.counts_pictures)
        if may_miss and not self._is_needed(time_us):
            is_unreferenced = self._decoder.is_unreferenced(packet)
            other = None if is_unreferenced else self._other(packet)
            if is_unreferenced or other is not None:
                self._has_any = True
                self._times_us.append(time_us)
                return other
        if self._stand_ins.may_be_referred_to():
            raise OutOfOrder
        if not packet.is_discard:
            self._farthest_us = max(self._farthest_us, time_us)
            if latest_us is not None and packet.pts is not None and time_us > self._entry_us:
                self._due_us.append(time_us)
        return packet

    def stood_in(self, pts: int) -> bool:
        """True, once, of a picture that came out and stands in for the one of this time."""
        return self._stand_ins.came_out(pts)

    def before(self, picture: Picture) -> Picture:
        """The picture that is shown next, with the time of the first one left out before it.

        Raises:
            OutOfOrder: one with the same time was left out, or one before it was decoded and never came out.
            SeekMisled: the latter, though none was left out.
        """
        first_us = min(self._times_us, default=picture.time_us + 1)
        is_lost = picture.frame is not None and any(time_us < picture.time_us for time_us in self._due_us)
        if picture.time_us in self._times_us or (self._has_any and is_lost):
            raise OutOfOrder
        if is_lost and not (self._is_start or self._decoder.may_hold_fields):
            raise SeekMisled
        self._due_us = [time_us for time_us in self._due_us if time_us > picture.time_us]
        if first_us > picture.time_us:
            return picture
        self._times_us = [time_us for time_us in self._times_us if time_us > picture.time_us]
        return picture._replace(left_out_us=first_us)

    def end(self) -> None:
        """A picture came out of order, or none will come any more.

        Raises:
            OutOfOrder: some were left out that none has come behind.
        """
        if self._times_us:
            raise OutOfOrder

    def _other(self, packet: Packet[AvStream]) -> Packet[AvStream] | None:
        return self._stand_ins.instead_of(packet, self._farthest_us, self._is_needed)

    def _is_needed(self, time_us: int) -> bool:
        return self._planner.is_needed(time_us, self._others_us())

    def _others_us(self) -> Iterator[int]:
        """When other pictures about here are on screen, decoded or not."""
        yield from self._due_us
        yield from self._times_us
        for coming in self._upcoming.ahead():
            if coming.time_us is not None and not coming.packet.is_discard:
                yield coming.time_us
