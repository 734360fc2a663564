"""When the pictures of one stream are on screen."""

from __future__ import annotations

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.containers import time_us
from datalake.adapters.media.decode.coded_video import CodedVideo

_COUNTS_PICTURES = "avi"  # stores pictures in decoding order and no times; what is said of times is guessed


class Clock:
    """Times of packets and frames, microseconds from the start of the video.

    A frame without a time of its own follows the one before; with none before, nobody knows. In AVI frame n
    is on screen at n / rate; the decoder says by the packet that set a frame free how many went before.

    Attributes:
        counts_pictures: True where leaving one out would change the times of those behind it.
    """

    def __init__(self, video: CodedVideo, container_format: str) -> None:
        self._base = video.time_base
        self._start = video.start_pts or 0
        self.counts_pictures = container_format == _COUNTS_PICTURES
        self._delay: int | None = None
        self._last: int | None = None

    def restart(self) -> None:
        """The next frame does not follow the last one: reading goes on elsewhere."""
        self._last = None

    def us(self, pts: int) -> int:
        """Microseconds of a presentation time in ticks."""
        return self.us_from_start(pts - self._start)

    def us_from_start(self, ticks: int) -> int:
        """Microseconds of so many ticks."""
        return time_us(ticks, self._base)

    def ticks(self, time_us: int) -> int:
        """The last presentation time that is not after so many microseconds, rounded as they are."""
        numerator, denominator = self._base
        past = -(-(2 * time_us + 1) * denominator // (2 * numerator * 1_000_000))
        return self._start + past - 1

    def packet_us(self, packet: Packet[AvStream]) -> int | None:
        """When the packet's picture is on screen; None when the container does not say."""
        return None if packet.pts is None else self.us(packet.pts)

    def pts(self, frame: VideoFrame) -> int | None:
        """The frame's presentation time in ticks; None before the first known one since the last restart.

        Frames are asked for in order, each once.
        """
        known = self._counted(frame) if self.counts_pictures else frame.pts
        if known is None and self._last is not None:
            known = self._last + (frame.duration or 1)
        self._last = known
        return known

    def _counted(self, frame: VideoFrame) -> int | None:
        if self._delay is None and frame.dts is not None and frame.pts == self._start:
            self._delay = frame.dts - self._start  # the first picture; reading starts there
        if self._delay is None:  # it is damaged: what is guessed of times has to do
            return frame.pts
        return None if frame.dts is None else frame.dts - self._delay
