"""Pictures that others stand in for, and the check that nothing decoded refers to one."""

from __future__ import annotations

from collections.abc import Callable

from av.packet import Packet
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.h264.references import Links
from datalake.adapters.media.decode.look_ahead import Coming, Upcoming
from datalake.adapters.media.decode.picture_decoder import PictureDecoder

IsNeeded = Callable[[int], bool]


class StandIns:
    """What stood in for others since decoding entered the stream.

    Args:
        decoder: of the stream.
        upcoming: the packets behind the one that was given last.
    """

    def __init__(self, decoder: PictureDecoder, upcoming: Upcoming) -> None:
        self._decoder, self._upcoming = decoder, upcoming
        self.enter()

    def enter(self) -> None:
        """Decoding enters the stream at the next packet; nothing that was decoded before will come out."""
        self._is_followed = False  # the decoder keeps the pictures that `Links` speaks of
        self._kept: set[int] = set()  # by their numbers, of those that others may refer to
        self._due_pts: set[int] = set()  # of those that have not come out yet
        self._links: Links | None = None

    def follow(self, coming: Coming) -> None:
        """The next packet of the stream, which is decoded or not."""
        links = coming.links
        self._is_followed = links is not None and (self._is_followed or links.header.is_start)
        self._links = links if self._is_followed else None
        if self._links is not None:
            self._kept &= self._links.kept | self._links.refers_to

    def may_be_referred_to(self) -> bool:
        """True where the picture of this packet may refer to one that another stands in for."""
        return bool(self._kept) and (self._links is None or not self._kept.isdisjoint(self._links.refers_to))

    def instead_of(
        self, packet: Packet[AvStream], farthest_us: int, is_needed: IsNeeded
    ) -> Packet[AvStream] | None:
        """One that stands in for this packet, which nobody wants; None where something may refer to it.

        Args:
            packet: the one that was followed last.
            farthest_us: the last time at which a picture is on screen of those that are decoded.
            is_needed: true of a picture on screen from this time on, in microseconds, if it may be wanted.
        """
        links = self._links
        if links is None or packet.pts is None or not links.header.is_reference or not links.refers_to:
            return None
        if not self._is_idle(links.number, farthest_us, is_needed):
            return None
        other = self._decoder.stand_in(packet, links)
        if other is not None:
            self._kept.add(links.number)
            self._due_pts.add(packet.pts)
        return other

    def came_out(self, pts: int) -> bool:
        """True, once, of a picture that came out and stands in for the one of this time."""
        if pts not in self._due_pts:
            return False
        self._due_pts.remove(pts)
        return True

    def _is_idle(self, number: int, farthest_us: int, is_needed: IsNeeded) -> bool:
        """True when a picture is dropped before one refers to it that is going to be decoded."""
        found: list[tuple[Links, bool]] = []
        for coming in self._upcoming.ahead():
            if coming.links is None or coming.time_us is None:
                return False
            may_miss = coming.time_us < farthest_us and not is_needed(coming.time_us)
            found.append((coming.links, may_miss))
            farthest_us = farthest_us if may_miss else max(farthest_us, coming.time_us)
            if number not in coming.links.kept:
                break
        else:
            return False
        referred = set(found[-1][0].kept)
        for links, may_miss in reversed(found):
            if not may_miss or links.number in referred:
                referred |= links.refers_to
        return number not in referred
