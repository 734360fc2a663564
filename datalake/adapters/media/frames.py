"""The frames of one video, asked of one child, one window ahead of the consumer."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from datalake.adapters.media.process import Child, Pixels
from datalake.adapters.media.windows import cut_windows, sampled_end_us, wanted_times_us
from datalake.adapters.ports import DecodedWindow, Frame, FrameSource, Sampling, Window
from datalake.contracts import Finding, MediaFacts
from datalake.errors import BadVideo
from datalake.findings import finding


class DecodedFrames(FrameSource):
    """Frames by a leased child. For one thread; `decoded` in order of the windows is the fast way.

    While the consumer has one window, the child decodes the next: two at most are in memory.

    Raises:
        BadVideo: the file cannot be opened for decoding.
    """

    def __init__(self, child: Child, path: Path, media: MediaFacts) -> None:
        if media.video is None or media.measured_duration_s is None:
            raise BadVideo(finding("no_video_stream", "the probe found no pictures to decode"))
        self._child, self._video = child, media.video
        self._duration_s = media.measured_duration_s
        self._windows: Sequence[Window] = ()
        self._ahead: Window | None = None
        self._failure: Finding | None = None
        child.request("open", path=str(path), stream=media.video.model_dump(mode="json"))

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """The video cut into windows; `max_frames` ends the list early, it does not stretch the interval.

        Raises:
            BadVideo: the child hung, died or ran out of memory over the packets.
        """
        self._child.send("keyframes")
        keyframes_us = array("q", self._child.receive()[1].tobytes())
        frame_bytes = self._video.width_px * self._video.height_px * 3
        end_us = sampled_end_us(self._duration_s, sampling)
        wanted_us = wanted_times_us(end_us, sampling.interval_s, sampling.max_frames)
        window_frames = max(1, sampling.window_max_bytes // frame_bytes)
        self._windows = cut_windows(wanted_us, keyframes_us, window_frames, end_us)
        return self._windows

    def decoded(self, window: Window) -> DecodedWindow:
        """The frames first on screen at the window's wanted times; the next window starts decoding.

        A child that is done for has no better answer for later windows: they get the same finding.
        """
        if self._failure is not None:
            return DecodedWindow((), (self._failure,))
        try:
            answer, pixels = self._answer(window)
        except BadVideo as failure:
            self._failure = failure.finding
            return DecodedWindow((), (self._failure,))
        try:
            self._ask_for_next(window)
        except BadVideo as failure:  # it died after this answer
            self._failure = failure.finding
        return self._decoded(answer, pixels)

    def close(self) -> None:
        """Make the child let go of the file, if it is there to be asked."""
        if not self._child.is_busy:
            with suppress(BadVideo):  # it died idle: there is nothing left to let go
                self._child.request("close")

    def _answer(self, window: Window) -> tuple[dict[str, Any], Pixels]:
        if self._ahead != window:
            if self._ahead is not None:
                self._child.receive()  # decoded for nobody
            self._ask(window)
        self._ahead = None
        return self._child.receive()

    def _ask_for_next(self, window: Window) -> None:
        following = window.index + 1
        if following < len(self._windows) and self._windows[following].start_us == window.end_us:
            self._ask(self._windows[following])

    def _ask(self, window: Window) -> None:
        self._child.send("frames", start_us=window.start_us, end_us=window.end_us, wanted_us=window.wanted_us)
        self._ahead = window

    def _decoded(self, answer: dict[str, Any], pixels: Pixels) -> DecodedWindow:
        times = answer["frames"]
        images = pixels.reshape(len(times), self._video.height_px, self._video.width_px, 3)
        return DecodedWindow(
            tuple(Frame(time_us, pts, image) for (time_us, pts), image in zip(times, images, strict=True)),
            tuple(Finding.model_validate(one) for one in answer["findings"]),
        )
