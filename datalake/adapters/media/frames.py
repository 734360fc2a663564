"""The frames of one video, asked of one child, one window ahead of the consumer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datalake.adapters.media.process import Child, Pixels
from datalake.adapters.media.windows import cut_windows, wanted_times_us
from datalake.adapters.ports import Frame, FrameSource, Window
from datalake.contracts import MediaFacts
from datalake.errors import BadVideo
from datalake.findings import finding


class DecodedFrames(FrameSource):
    """Frames by a leased child. For one thread; `frames` in order of the windows is the fast way.

    While the consumer has one window, the child decodes the next: two at most are in memory.
    """

    def __init__(self, child: Child, path: Path, media: MediaFacts) -> None:
        if media.video is None or media.measured_duration_s is None:
            raise BadVideo(finding("no_video_stream", "the probe found no pictures to decode"))
        self._child, self._video = child, media.video
        self._end_us = round(media.measured_duration_s * 1_000_000)
        self._windows: Sequence[Window] = ()
        self._ahead: Window | None = None
        self._failure: BadVideo | None = None
        child.request("open", path=str(path), stream=media.video.model_dump(mode="json"))

    def windows(self, interval_s: float, max_frames: int, window_max_bytes: int) -> Sequence[Window]:
        """The video cut into windows; `max_frames` ends the list early, it does not stretch the interval."""
        self._child.send("keyframes")
        keyframes_us = self._child.receive()[1].view(np.int64)
        frame_bytes = self._video.width_px * self._video.height_px * 3
        wanted_us = wanted_times_us(self._end_us, interval_s, max_frames)
        self._windows = cut_windows(
            wanted_us, keyframes_us.tolist(), max(1, window_max_bytes // frame_bytes), self._end_us
        )
        return self._windows

    def frames(self, window: Window) -> Sequence[Frame]:
        """The frames first on screen at the window's wanted times; the next window starts decoding."""
        times, pixels = self._answer(window)
        following = window.index + 1
        if following < len(self._windows) and self._windows[following].start_us == window.end_us:
            self._ask(self._windows[following])
        images = pixels.reshape(len(times), self._video.height_px, self._video.width_px, 3)
        return [Frame(time_us, pts, image) for (time_us, pts), image in zip(times, images, strict=True)]

    def _answer(self, window: Window) -> tuple[list[tuple[int, int]], Pixels]:
        if self._failure is not None:  # the child is done for: later windows have no better answer
            raise self._failure
        try:
            if self._ahead != window:
                if self._ahead is not None:
                    self._child.receive()  # decoded for nobody
                self._ask(window)
            self._ahead = None
            return self._child.receive()
        except BadVideo as failure:
            self._failure = failure
            raise

    def _ask(self, window: Window) -> None:
        self._child.send("frames", start_us=window.start_us, wanted_us=window.wanted_us)
        self._ahead = window
