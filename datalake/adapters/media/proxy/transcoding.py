"""Transcoding, in the child: one proxy at a time, so many seconds of work a request."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream as AvAudioStream
from av.codec.context import CodecContext, ThreadType
from av.error import FFmpegError
from av.frame import Frame
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideoStream

from datalake.adapters.media.containers import decode_failures, input_of
from datalake.adapters.media.packets import packets
from datalake.adapters.media.proxy.pictures import Pictures
from datalake.adapters.media.proxy.sound import Sound
from datalake.adapters.media.refusals import Refusal
from datalake.contracts import VideoStream

# `use_metadata_tags`: MP4 has no field for an asset id. `faststart`: the index first, so that it streams.
_MUXER_OPTIONS = {"movflags": "+faststart+use_metadata_tags"}
_DISK_TROUBLE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
)


class CannotWrite(Exception):
    """The file cannot be written; no video is to blame."""


class Transcoding:
    """The child's proxy under way: `open`, `step` until it is finished, `close`.

    A disk that refuses is no fault of the video: the answer then says `cannot_write` and why.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._proxy: Proxy | None = None
        self._pieces: Iterator[None] = iter(())

    def open(self, **request: Any) -> dict[str, Any]:
        """Start a proxy; arguments as of `Proxy`."""
        with decode_failures("at opening the file"):
            self._proxy = Proxy(threads=self._threads, **request)
        self._pieces = self._proxy.pieces()
        return {}

    def step(self, seconds: float) -> dict[str, Any]:
        """Work for so many wall seconds, or to the end: {"is_finished": bool}."""
        until = time.monotonic() + seconds
        try:
            with decode_failures("while a proxy was made"):
                for _ in self._pieces:
                    if time.monotonic() >= until:
                        return {"is_finished": False}
        except CannotWrite as refusal:
            return {"cannot_write": str(refusal)}
        return {"is_finished": True}

    def close(self) -> dict[str, Any]:
        """Finish the file: the index moves to its front."""
        if self._proxy is None:
            raise RuntimeError("`open` comes first")
        try:
            self._proxy.close()
        except CannotWrite as refusal:
            return {"cannot_write": str(refusal)}
        self._proxy = None
        return {}


class Proxy:
    """One transcode, piece by piece. Damage is passed over: the picture before it stays until the next.

    Args:
        path: the video.
        target: the MP4 to write.
        stream: the `VideoStream` of the probe, as JSON.
        audio_index: stream of the sound; None: there is none.
        height_px: height at most.
        duration_s: when the last picture ends.
        limit_s: nothing is taken from here on; None: everything is.
        tags: written into the file's metadata.
        threads: for decoding and encoding.
    """

    def __init__(
        self,
        path: str,
        target: str,
        stream: dict[str, Any],
        audio_index: int | None,
        height_px: int,
        duration_s: float,
        limit_s: float | None,
        tags: dict[str, str],
        threads: int,
    ) -> None:
        video = VideoStream.model_validate(stream)
        self._duration_s, self._limit_s = duration_s, limit_s
        self._input = input_of(path)
        self._source = cast("AvVideoStream", self._input.streams[video.index])
        self._source.thread_type, self._source.codec_context.thread_count = ThreadType.AUTO, threads
        self._source.codec_context.open(strict=False)
        self._output = av.open(target, "w", format="mp4", options=dict(_MUXER_OPTIONS))
        self._output.metadata.update(tags)
        self._pictures = Pictures(self._output, self._source, video, height_px, threads)
        self._sound: Sound | None = None
        self._heard: AvAudioStream | None = None
        if audio_index is not None and _is_open(self._input.streams[audio_index].codec_context):
            self._heard = cast("AvAudioStream", self._input.streams[audio_index])
            start_s = (video.start_pts or 0) * Fraction(*video.time_base)
            self._sound = Sound(self._output, self._heard, start_s, duration_s, limit_s)

    def pieces(self) -> Iterator[None]:
        """Decode, encode and write all; stops after each small piece of work.

        Raises:
            Refusal: not a single picture could be decoded.
            CannotWrite: the disk refuses.
        """
        for packet in self._packets():
            for frame in _decoded(packet):
                if isinstance(frame, VideoFrame) and self._is_past(frame):
                    yield from self._end()
                    return
                yield from self._take(frame)
            yield
        for stream in self._streams:
            for frame in _decoded(stream):
                yield from self._take(frame)
        yield from self._end()

    def close(self) -> None:
        """Finish the file and let go of both."""
        with _disk_named():
            self._output.close()
        self._input.close()

    @property
    def _streams(self) -> Sequence[AvVideoStream | AvAudioStream]:
        return [self._source] if self._heard is None else [self._source, self._heard]

    def _packets(self) -> Iterator[Packet[Any]]:
        """Packets up to where the file breaks off; pictures from a keyframe on."""
        has_keyframe = False
        for packet in _readable(packets(self._input, *self._streams)):
            is_picture = packet.stream.index == self._source.index
            has_keyframe = has_keyframe or (is_picture and packet.is_keyframe)
            if has_keyframe or not is_picture:
                yield packet

    def _is_past(self, frame: VideoFrame) -> bool:
        time_s = self._pictures.time_s(frame)
        return self._limit_s is not None and time_s is not None and time_s >= self._limit_s

    def _take(self, frame: Frame) -> Iterator[None]:
        if isinstance(frame, VideoFrame):
            self._write(self._pictures.encoded(frame))
            yield
        elif isinstance(frame, AudioFrame) and self._sound is not None:
            for encoded in self._sound.encoded(frame):
                self._write(encoded)
                yield

    def _end(self) -> Iterator[None]:
        if not self._pictures.count:
            raise Refusal("decode_failed", "not a single picture could be decoded")
        self._write(self._pictures.flushed(self._duration_s))
        yield
        if self._sound is not None:
            self._write(self._sound.flushed())

    def _write(self, encoded: Iterable[Packet[Any]]) -> None:
        for packet in encoded:
            with _disk_named():
                self._output.mux(packet)


def _is_open(context: CodecContext | None) -> bool:
    """True once the decoder has started; of one that cannot, every later call would fail otherwise."""
    if context is None:
        return False
    try:
        context.open(strict=False)
    except MemoryError:
        raise
    except FFmpegError:
        return False
    return True


def _readable(found: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    try:
        yield from found
    except MemoryError:
        raise
    except FFmpegError:
        return


def _decoded(source: Packet[Any] | AvVideoStream | AvAudioStream) -> Sequence[Frame]:
    """Frames of a packet, or those that a stream's decoder still holds; none where it is damaged."""
    try:
        return source.decode() if isinstance(source, Packet) else source.decode(None)
    except MemoryError:
        raise
    except FFmpegError:
        return []


@contextmanager
def _disk_named() -> Iterator[None]:
    """Tell a disk that refuses from a video that cannot be muxed."""
    try:
        yield
    except FFmpegError as error:
        if error.errno not in _DISK_TROUBLE:
            raise
        raise CannotWrite(error.strerror) from error
