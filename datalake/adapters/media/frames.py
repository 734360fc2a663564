"""The frames of one video, asked of its opened file, one window ahead of the consumer."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from datalake.adapters.media.answers import believed, finding_of
from datalake.adapters.media.opened_file import OpenedFile
from datalake.adapters.media.pixel_files import Pixels
from datalake.adapters.media.process import ENDED
from datalake.adapters.media.refusals import Noticed
from datalake.adapters.media.windows import cut_windows, sampled_end_us, shot_windows, wanted_times_us
from datalake.adapters.ports import DecodedWindow, Frame, FrameSource, Sampling, Window
from datalake.contracts import Finding, VideoStream
from datalake.errors import BadVideo
from datalake.findings import finding


@dataclass(frozen=True)
class _Told:
    """A child's answer about a window: microseconds and pts of each frame, and what it noticed."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    frames: list[tuple[int, int]]
    findings: list[Noticed]


_TOLD = TypeAdapter(_Told)


class DecodedFrames(FrameSource):
    """Frames of an opened file. For one thread; `decoded` in order of the windows is the fast way.

    While the consumer has one window, the child decodes the next: two at most are in memory.
    """

    def __init__(self, file: OpenedFile, video: VideoStream, duration_s: float) -> None:
        self._file, self._video, self._duration_s = file, video, duration_s
        self._windows: Sequence[Window] = ()
        self._noticed: list[Finding] = []  # told with the first window

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """The video cut into windows; `max_frames` ends the list early, it does not stretch the interval.

        Raises:
            BadVideo: two children hung, died or ran out of memory over the packets.
        """
        keyframes_us = array("q", self._file.keyframes(sampling.mode == "keyframe").tobytes())
        frame_bytes = self._video.width_px * self._video.height_px * 3
        end_us = sampled_end_us(self._duration_s, sampling)
        wanted_us = wanted_times_us(end_us, keyframes_us, sampling)
        is_unknown = sampling.mode == "keyframe" and not keyframes_us
        evidence = "no keyframe was found that says when it is shown"
        self._noticed = [finding("keyframes_unknown", evidence)] if is_unknown else []
        window_frames = max(1, sampling.window_max_bytes // frame_bytes)
        pictures = self._video.measured_frames
        windows = cut_windows(wanted_us, keyframes_us, window_frames, end_us, pictures)
        self._windows = shot_windows(windows, sampling) if sampling.mode == "scene" else windows
        return self._windows

    def decoded(self, window: Window) -> DecodedWindow:
        """The frames first on screen at the window's wanted times; the next window starts decoding.

        A window over which two children ended is lost, and only that one.
        """
        noticed = self._noticed if window.index == 0 else []
        try:
            decoded = self._decoded(*self._file.request(**self._wanted(window)))
        except BadVideo as bad:
            return DecodedWindow((), (*noticed, _placed(bad.finding, window)))
        self._ask_for_next(window)
        return DecodedWindow(decoded.frames, (*noticed, *decoded.findings))

    def _ask_for_next(self, window: Window) -> None:
        following = window.index + 1
        if following == len(self._windows):
            self._file.close()  # others may have its child while this video's frames are embedded
        elif following < len(self._windows) and self._windows[following].start_us == window.end_us:
            self._file.ask_ahead(**self._wanted(self._windows[following]))

    def _wanted(self, window: Window) -> dict[str, Any]:
        span = {"start_us": window.start_us, "end_us": window.end_us}
        timeout_s = self._file.limits.decoding_s(window)
        if window.shots_every_us is not None:
            return {"op": "shots", "timeout_s": timeout_s, **span, "interval_us": window.shots_every_us}
        return {"op": "frames", "timeout_s": timeout_s, **span, "wanted_us": window.wanted_us}

    def _decoded(self, told: Any, pixels: Pixels) -> DecodedWindow:
        answer = believed(told, _TOLD, self._file.disbelieve)
        times = answer.frames
        shape = (len(times), self._video.height_px, self._video.width_px, 3)
        if pixels.size != math.prod(shape):
            raise self._file.disbelieve(f"{pixels.size} bytes are no {shape[0]} pictures")
        images = pixels.reshape(shape)
        frames = [Frame(time_us, pts, image) for (time_us, pts), image in zip(times, images, strict=True)]
        return DecodedWindow(tuple(frames), tuple(map(finding_of, answer.findings)))


def _placed(found: Finding, window: Window) -> Finding:
    """The finding with the window's times; one that was made in the child has its own."""
    if found.code not in ENDED:
        return found
    where = f"between {window.start_us / 1e6:.3f} s and {window.end_us / 1e6:.3f} s"
    return found.model_copy(update={"evidence": f"{where}: {found.evidence}"})
