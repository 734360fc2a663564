"""One pass over the packets of a file: what is really there, without decoding the picture.

Memory grows by 16 bytes a packet, nothing else.
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from datalake.adapters.media.containers import time_base_of
from datalake.adapters.media.packets import AnyStream, packets
from datalake.adapters.media.probe.intervals import Intervals, intervals
from datalake.adapters.media.probe.peak_level import PeakMeter
from datalake.adapters.media.transport_holes import Hole

# ISO/IEC 13818-1 has a time stamp at least every 0.7 s; elsewhere a picture may stand for long.
_LONGEST_PAUSE_S = {"mpegts": 10.0, "mpeg": 10.0}
_LONGEST_PAUSE_ELSEWHERE_S = 3600.0
_SHORTEST_STEP_BACK_S = 0.1


class Continuity:
    """Watches decoding times, which never go back and never leap in a whole file.

    Attributes:
        jumps: how often they did.
        first_jump: where and how far, for a person.
    """

    def __init__(self, time_base: float, usual: int, longest_pause_s: float) -> None:
        self._time_base = time_base
        self._step_back = max(_SHORTEST_STEP_BACK_S / time_base, 3.0 * usual)
        self._leap = longest_pause_s / time_base
        self._last: int | None = None
        self.jumps = 0
        self.first_jump = ""

    def tick(self, dts: int) -> None:
        """The next decoding time, in ticks."""
        step = 0 if self._last is None else dts - self._last
        if self._last is not None and (step < -self._step_back or step > self._leap):
            self.jumps += 1
            way = "back" if step < 0 else "forward"
            here_s, far_s = self._last * self._time_base, abs(step) * self._time_base
            self.first_jump = self.first_jump or f"at {here_s:.2f} s the clock jumps {way} by {far_s:.2f} s"
        self._last = dts


class PictureTrack:
    """What the packets of the picture track say, gathered one by one.

    Attributes:
        packets: pictures that are there and shown.
        keyframes: those that can be decoded by themselves.
        size_bytes: what they hold.
        untimed: those without a presentation time.
        hidden: pictures that an edit list keeps from being shown, though they are there.
        start_pts: first presentation time, ticks.
        keyframe_pts: presentation time of the keyframe that is stored first: decoding begins there.
        end_pts: past the last presentation time, ticks.
        continuity: what decoding times did.
    """

    def __init__(self, stream: VideoStream) -> None:
        self.packets = self.keyframes = self.size_bytes = self.untimed = self.hidden = 0
        self.start_pts: int | None = None
        self.end_pts: int | None = None
        self.keyframe_pts: int | None = None
        rate = stream.average_rate or stream.guessed_rate
        self._usual = round(1 / (rate * time_base_of(stream))) if rate else 0
        pause_s = _LONGEST_PAUSE_S.get(stream.container.format.name, _LONGEST_PAUSE_ELSEWHERE_S)
        self.continuity = Continuity(float(time_base_of(stream)), self._usual, pause_s)
        self._pts, self._positions = array("q"), array("q")

    def add(self, packet: av.Packet[VideoStream]) -> None:
        """The next packet of the track."""
        if packet.is_discard:
            self.hidden += 1
            return
        self.packets += 1
        if packet.is_keyframe:
            self.keyframes += 1
            self.keyframe_pts = packet.pts if self.keyframes == 1 else self.keyframe_pts
        self.size_bytes += packet.size
        if packet.pos is not None:
            self._positions.append(packet.pos)
        if packet.dts is not None:
            self.continuity.tick(packet.dts)
        if packet.pts is None:
            self.untimed += 1
            return
        self._pts.append(packet.pts)
        past = packet.pts + (packet.duration or self._usual)
        self.start_pts = packet.pts if self.start_pts is None else min(self.start_pts, packet.pts)
        self.end_pts = past if self.end_pts is None else max(self.end_pts, past)

    @property
    def intervals(self) -> Intervals | None:
        """How regularly the pictures follow each other; None for fewer than two."""
        return intervals(np.frombuffer(self._pts, np.int64))

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """Bytes at which the pictures begin."""
        return np.frombuffer(self._positions, np.int64)

    def around(self, hole: Hole) -> tuple[int, int] | None:
        """Presentation times, in ticks, of the pictures stored before and behind a hole."""
        positions, pts = self.positions, np.frombuffer(self._pts, np.int64)
        before, behind = np.flatnonzero(positions < hole.start), np.flatnonzero(positions >= hole.end)
        if len(positions) != len(pts) or not len(before) or not len(behind):
            return None
        return int(pts[before[-1]]), int(pts[behind[0]])


class SoundTrack:
    """What the packets of the sound say, gathered one by one.

    Args:
        stream: the track.
        duration_s: about how long it is, where that is known.

    Attributes:
        packets: those that are there.
        size_bytes: what they hold.
        start_s: time of the first one; None while there is none with a time.
        end_s: time past the last one.
        level: listens while they pass by.
    """

    def __init__(self, stream: AudioStream, duration_s: float | None) -> None:
        self.packets = self.size_bytes = 0
        self.start_s: float | None = None
        self.end_s: float | None = None
        self._time_base = float(time_base_of(stream))
        self.level = PeakMeter(stream, duration_s)

    def add(self, packet: av.Packet[AudioStream]) -> None:
        """The next packet of the track."""
        self.packets += 1
        self.size_bytes += packet.size
        past_s = _end_s(packet)
        if past_s is None:
            return
        time_s = past_s - (packet.duration or 0) * self._time_base
        self.start_s = time_s if self.start_s is None else self.start_s
        self.end_s = past_s if self.end_s is None else max(self.end_s, past_s)
        self.level.hear(packet, time_s - self.start_s)


@dataclass
class Scan:
    """What the packets of a file say.

    Attributes:
        others_end_s: time past the last packet of any other track: a second language, subtitles; or None.
    """

    picture: PictureTrack | None
    sound: SoundTrack | None
    others_end_s: float | None = None


def scanned(container: InputContainer, picture: VideoStream | None, sound: AudioStream | None) -> Scan:
    """Read every packet of the file; stops quietly where the file breaks off.

    A size that is damaged shows as a packet that no memory can hold: that is the end as well.
    """
    duration_s = None if container.duration is None else container.duration / av.time_base
    scan = Scan(
        PictureTrack(picture) if picture is not None else None,
        SoundTrack(sound, duration_s) if sound is not None else None,
    )
    with suppress(FFmpegError):
        for packet in packets(container, *container.streams):
            if scan.picture and packet.stream is picture:
                scan.picture.add(cast("av.Packet[VideoStream]", packet))
            elif scan.sound and packet.stream is sound:
                scan.sound.add(cast("av.Packet[AudioStream]", packet))
            elif (end_s := _end_s(packet)) is not None:
                scan.others_end_s = max(end_s, scan.others_end_s or end_s)
    return scan


def _end_s(packet: av.Packet[AnyStream]) -> float | None:
    """Time past a packet, seconds; None where it has no time."""
    ticks = packet.pts if packet.pts is not None else packet.dts
    return None if ticks is None else (ticks + (packet.duration or 0)) * float(time_base_of(packet.stream))
