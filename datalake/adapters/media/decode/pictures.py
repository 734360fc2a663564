"""The pictures of a stream in order of time, whole or damaged: decoding that goes on after damage.

Damage spoils what refers to it: from a damaged picture on, nothing is whole before the next keyframe.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.damage import BEFORE_ALL_US, Damage, Picture, Skipped
from datalake.adapters.media.decode.left_out import LeftOut, SeekMisled
from datalake.adapters.media.decode.look_ahead import Coming, Upcoming
from datalake.adapters.media.decode.picture_decoder import Decoded, PictureDecoder
from datalake.adapters.media.decode.planner import Planner
from datalake.adapters.media.transport_holes import Hole

_JUMP_US = 10_000_000  # no format reorders pictures that far: the clock was set


class StartElsewhere(Exception):
    """What is whole cannot be told from here: start further back, in software, or with one thread."""


class PictureStream:
    """The pictures from the next keyframe on.

    Pictures that lead a keyframe refer to some before it. They are handed out only where they are known to
    be whole: not after a seek, nor after damage.

    Args:
        packets: the stream's, in the order of the file.
        planner: tells which pictures are needed.
        is_start: True at the start of the file.
        may_be_damaged: False where a first picture that is not whole had better be reached from further back.
        holes: stretches of the file that hold no packets, where they are known.
    """

    def __init__(
        self,
        packets: Iterator[Packet[AvStream]],
        decoder: PictureDecoder,
        clock: Clock,
        planner: Planner,
        is_start: bool,
        may_be_damaged: bool = True,
        holes: Sequence[Hole] = (),
    ) -> None:
        self._decoder, self._clock = decoder, clock
        self._upcoming = Upcoming(packets, decoder, clock)
        self._left_out = LeftOut(planner, decoder, clock, self._upcoming, is_start)
        self._is_start, self._drops_leading = is_start, not is_start
        self._may_be_damaged = may_be_damaged
        self._keyframe_us: int | None = None  # where decoding entered; None: not yet
        self._is_entering = True  # until the first picture that does not lead
        self._last_us = BEFORE_ALL_US
        self._held: Picture | None = None  # the latest; shown once the one after it is known
        self._skipped: Skipped | None = None
        self._hole_starts = [hole.start for hole in holes]
        self._holes_passed: tuple[int, int] | None = None  # by the decoder's count, by the packet's place
        self._position = 0  # of the last packet, bytes
        self._before_us = BEFORE_ALL_US  # when the last packet's picture is on screen

    def __iter__(self) -> Iterator[Picture]:
        """By rising time; what comes late is not shown.

        Raises:
            StartElsewhere: damage or not, it cannot be told from here.
            OutOfOrder: what was left out may be wanted.
            SeekMisled: a seek led to a keyframe that refers to others, or the decoder loses pictures there.
        """
        for picture in chain(self._in_turn(), [None]):
            held, self._held = self._held, picture
            if held is not None and held.time_us > self._last_us and not self._is_stray(held, picture):
                self._last_us = held.time_us
                yield self._left_out.before(held)
            elif held is not None:
                self._left_out.end()
        self._left_out.end()

    def _is_stray(self, picture: Picture, following: Picture | None) -> bool:
        """True for a time that leaps ahead of both neighbours': that time is damaged."""
        if following is None or self._last_us == BEFORE_ALL_US:
            return False
        return picture.time_us > max(self._last_us, following.time_us) + _JUMP_US

    @property
    def _latest_us(self) -> int:
        """Time of the last picture, unless it may be a stray."""
        if self._held is None or self._is_stray(self._held, Picture(self._last_us)):
            return self._last_us
        return max(self._last_us, self._held.time_us)

    def _in_turn(self) -> Iterator[Picture]:
        for coming in self._upcoming:
            packet = coming.packet
            self._decoder.reach(packet)
            if self._is_behind_hole(coming):
                self._leap(packet)
            time_us = self._before_us = self._time_of(packet)
            if packet.is_keyframe or (self._keyframe_us is not None and self._skipped is None):
                yield from self._of(coming, time_us)
            elif self._skipped is not None:
                self._skipped.add(time_us)
            elif self._is_start and time_us >= 0:
                self._skipped = Skipped(Damage("the keyframe before is missing", time_us, time_us))
                self._skipped.add(time_us)
        yield from self._tail()

    def _of(self, coming: Coming, time_us: int) -> Iterator[Picture]:
        packet = coming.packet
        if self._keyframe_us is None and not (self._is_start or self._decoder.is_entry(packet)):
            raise SeekMisled
        if self._skipped is not None:
            yield from self._in_place_of_skipped()
            self._keyframe_us, self._drops_leading, self._may_be_damaged = None, True, True
        if self._keyframe_us is None:
            self._keyframe_us, self._is_entering = time_us, True
            self._left_out.enter(time_us)
        if time_us < self._latest_us - _JUMP_US:
            self._skip("the clock jumps back", packet, [])
            return
        given = self._left_out.instead_of(coming, time_us, None if self._is_entering else self._latest_us)
        if given is None:
            return
        decoded = self._decoder.frames(given)
        pictures = self._pictures(decoded.frames)
        damage = decoded.damage or _missing(pictures)
        if damage is not None:
            self._on_damage(damage, packet, pictures)
            return
        self._is_entering = self._is_entering and all(one.time_us < self._keyframe_us for one in pictures)
        yield from pictures

    def _on_damage(self, reason: str, packet: Packet[AvStream], pictures: list[Picture]) -> None:
        if not self._decoder.is_exact:
            raise StartElsewhere(reason)
        leads = self._is_entering and self._time_of(packet) < (self._keyframe_us or 0)
        if leads and not self._decoder.has_broken_off:
            self._drops_leading = True  # a picture that refers to some before the keyframe: no damage
            return
        if self._is_entering and not self._may_be_damaged:
            raise StartElsewhere
        self._skip(reason, packet, pictures)

    def _skip(self, reason: str, packet: Packet[AvStream], pictures: list[Picture]) -> None:
        """Give up what is not decoded yet up to the next keyframe; what is, is whole unless flagged."""
        pictures = pictures + self._pictures(self._rest().frames)
        self._decoder.restart()
        time_us = self._time_of(packet)
        self._skipped = Skipped(Damage(reason, time_us, time_us))
        self._skipped.add(time_us)
        for picture in pictures:
            if picture.frame is not None and picture.frame.is_corrupt:
                self._skipped.add(picture.time_us)
            elif picture.pts != packet.pts:
                self._skipped.pictures.append(picture)

    def _is_behind_hole(self, coming: Coming) -> bool:
        """True where bytes that hold nothing lie between this packet and the last one."""
        before = self._holes_passed
        self._position = max(self._position, coming.packet.pos or 0)
        self._holes_passed = (coming.holes, bisect_left(self._hole_starts, self._position))
        return before is not None and self._holes_passed > before

    def _leap(self, packet: Packet[AvStream]) -> None:
        """Damage from a hole in the file to the next keyframe behind it.

        Where the hole's place is known, the packet before may reach into it: its picture is given up as well.
        """
        if self._skipped is not None or self._keyframe_us is None:
            return
        cut_us = {self._before_us} if self._hole_starts else set()
        if self._held is not None and self._held.time_us in cut_us:
            self._held = None
        rest = self._pictures(self._rest().frames)
        self._decoder.restart()
        pictures = [one for one in rest if one.time_us not in cut_us]
        last_us = max([self._latest_us, *(one.time_us for one in pictures)])
        start_us = max({last_us + 1, *cut_us})
        lost_us = cut_us | {start_us}
        damage = Damage(
            "bytes that hold no pictures", min(lost_us), max(start_us, self._time_of(packet)), len(cut_us)
        )
        self._skipped = Skipped(damage, [*pictures, *(Picture(one, damage=damage) for one in lost_us)])

    def _in_place_of_skipped(self) -> Iterator[Picture]:
        if self._skipped is not None:
            yield from sorted(self._skipped.pictures, key=lambda one: one.time_us)
            self._skipped = None

    def _tail(self) -> Iterator[Picture]:
        """What is left at the end of the file, and what cuts it short."""
        yield from self._in_place_of_skipped()
        decoded = self._rest()
        pictures = self._pictures(decoded.frames)
        yield from pictures if _missing(pictures) is None else []
        reason = self._upcoming.breaks_off or decoded.damage or _missing(pictures)
        if reason is not None:
            end_us = max(0, self._latest_us) + 1
            yield Picture(end_us, damage=Damage(reason, end_us, end_us))

    def _rest(self) -> Decoded:
        """What is still in the decoder; threads may notice damage only now."""
        decoded = self._decoder.rest()
        if decoded.damage is not None and not self._decoder.is_exact:
            raise StartElsewhere(decoded.damage)
        return decoded

    def _pictures(self, frames: list[VideoFrame]) -> list[Picture]:
        found = []
        for frame in frames:
            pts = self._clock.pts(frame)
            if pts is None or self._left_out.stood_in(pts):
                continue
            time_us = self._clock.us(pts)
            leads = self._is_entering and time_us < (self._keyframe_us or 0)
            if not (leads and self._drops_leading):
                found.append(Picture(time_us, pts, frame))
        return found

    def _time_of(self, packet: Packet[AvStream]) -> int:
        """When the packet's picture is on screen; next, where the container does not say."""
        time_us = self._clock.packet_us(packet)
        return self._latest_us + 1 if time_us is None else time_us


def _missing(pictures: list[Picture]) -> str | None:
    """Why one of them is not whole."""
    is_flagged = any(one.frame is not None and one.frame.is_corrupt for one in pictures)
    return "pictures are missing that others refer to" if is_flagged else None
