"""Decoding, in the child: the frames on screen at wanted times, upright, as RGB in a memfd."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import dropwhile
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.answer import Answer
from datalake.adapters.media.containers import OPTIONS, decode_failures, time_us
from datalake.contracts import VideoStream
from datalake.errors import BadVideo
from datalake.findings import finding

_SEEK_BACK_US = (0, 1_000_000, 4_000_000, 16_000_000, 64_000_000)
_SEEK_WORTH_FRAMES = 16  # skipping fewer frames costs less by decoding on than by a seek


class Decoding:
    """The child's one open video; `open` replaces it."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._reader: Reader | None = None

    def open(self, path: str, stream: dict[str, object]) -> Answer:
        """Open a file for the requests that follow."""
        if self._reader is not None:
            self._reader.close()
        with decode_failures("at opening the file"):
            self._reader = Reader(path, VideoStream.model_validate(stream), self._threads)
        return Answer(None)

    def keyframes(self) -> Answer:
        """The number of keyframes and, where pixels would be, their times (int64, microseconds)."""
        with decode_failures("at reading the packets"):
            times = np.array(self._opened.keyframes_us, np.int64)
        times_fd = _memory_file()
        with open(times_fd, "wb", closefd=False) as file:
            file.write(times.data)
        return Answer(len(times), times_fd)

    def frames(self, start_us: int, wanted_us: list[int]) -> Answer:
        """[time_us, pts] of each frame, and the pixels (height, width, RGB) one after the other."""
        pixels_fd = _memory_file()
        times = []
        with open(pixels_fd, "wb", buffering=0, closefd=False) as pixels:
            for frame in self._opened.frames(start_us, wanted_us):
                times.append((self._opened.time_of(frame), frame.pts))
                pixels.write(self._opened.upright(frame).data)
        return Answer(times, pixels_fd)

    @property
    def _opened(self) -> Reader:
        if self._reader is None:
            raise RuntimeError("`open` comes first")
        return self._reader


class Reader:
    """Reads frames of one stream by time; going forward it decodes on, else it seeks.

    Attributes:
        decoded_frames: pictures decoded so far, wanted or not.
    """

    def __init__(self, path: str, video: VideoStream, threads: int) -> None:
        self._path, self._video, self._threads = path, video, threads
        self.decoded_frames = 0
        self._current: VideoFrame | None = None
        self._ahead: VideoFrame | None = None
        self._container, self._stream = self._opened()
        self._frames = self._decoded()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def time_of(self, frame: VideoFrame) -> int:
        """Microseconds from the start of the video."""
        return self._time_us(frame.pts or 0)

    def upright(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """RGB pixels as they are to be seen; a frame of another size is scaled to the video's."""
        turned = self._video.rotation_deg in (90, 270)
        width, height = self._video.width_px, self._video.height_px
        if turned:
            width, height = height, width
        image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
        return np.ascontiguousarray(np.rot90(image, -self._video.rotation_deg // 90))

    def frames(self, start_us: int, wanted_us: list[int]) -> Iterator[VideoFrame]:
        """The frame on screen at each wanted time, once, unless it began before `start_us`."""
        last_us = start_us - 1
        for time in wanted_us:
            frame = self._frame_at(time)
            if self.time_of(frame) > last_us:
                last_us = self.time_of(frame)
                yield frame

    @cached_property
    def keyframes_us(self) -> list[int]:
        """Keyframe times, from the container's index where it is whole, else from the packets."""
        index = self._stream.index_entries
        if len(index) == self._stream.frames > 0:  # decoding times; the first one is the start of the video
            shift = (self._video.start_pts or 0) - index[0].timestamp
            return [self._time_us(entry.timestamp + shift) for entry in index if entry.is_keyframe]
        with av.open(self._path, options=dict(OPTIONS)) as container:
            packets = container.demux(container.streams[self._video.index])
            return sorted(self._time_us(p.pts) for p in packets if p.is_keyframe and p.pts is not None)

    def _frame_at(self, time: int) -> VideoFrame:
        with decode_failures(f"near {time / 1e6:.3f} s"):
            if self._is_behind(time):
                self._seek(time)
            while self._ahead is not None and self.time_of(self._ahead) <= time:
                self._current, self._ahead = self._ahead, next(self._frames, None)
        if self._current is None:
            raise BadVideo(finding("decode_failed", f"no picture at {time / 1e6:.3f} s"))
        return self._current

    def _is_behind(self, time: int) -> bool:
        """True when a seek is needed, or saves decoding groups of pictures that nobody wants."""
        if self._current is None or self.time_of(self._current) > time:
            return True
        if self._ahead is None:
            return False
        groups = self.keyframes_us
        keyframe_us = groups[max(0, bisect_right(groups, time) - 1)] if groups else 0
        skipped_s = (keyframe_us - self.time_of(self._ahead)) / 1e6
        return skipped_s * (self._video.frame_rate_fps or 25.0) > _SEEK_WORTH_FRAMES

    def _seek(self, time: int) -> None:
        """Stand at a frame not after `time`; a seek may land late, so look, and go further back."""
        numerator, denominator = self._video.time_base
        for back_us in _SEEK_BACK_US:
            if back_us > time:
                break
            ticks = (time - back_us) * denominator // (numerator * 1_000_000)
            self._container.seek((self._video.start_pts or 0) + ticks, stream=self._stream)
            self._step_in()
            if self._current is not None and self.time_of(self._current) <= time:
                return
        self._container.close()
        self._container, self._stream = self._opened()
        self._step_in()

    def _opened(self) -> tuple[InputContainer, AvStream]:
        container = av.open(self._path, options=dict(OPTIONS))
        stream = cast("AvStream", container.streams[self._video.index])
        stream.thread_type, stream.codec_context.thread_count = ThreadType.AUTO, self._threads
        return container, stream

    def _step_in(self) -> None:
        self._frames = self._decoded()
        self._current, self._ahead = next(self._frames, None), next(self._frames, None)

    def _decoded(self) -> Iterator[VideoFrame]:
        """Frames from the next keyframe on, by rising time."""
        last_us = -(2**62)
        packets = self._container.demux(self._stream)
        for packet in dropwhile(lambda p: not p.is_keyframe and p.size, packets):
            for frame in packet.decode():
                self.decoded_frames += 1
                if frame.pts is not None and self.time_of(frame) > last_us:
                    last_us = self.time_of(frame)
                    yield frame

    def _time_us(self, pts: int) -> int:
        return time_us(pts - (self._video.start_pts or 0), self._video.time_base)


def _memory_file() -> int:
    return os.memfd_create("answer", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
