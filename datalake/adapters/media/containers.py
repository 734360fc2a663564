"""Opening a media file, in the child: which containers are read at all, and from where.

Whoever catches FFmpegError lets MemoryError through first: PyAV's error for ENOMEM is both, and want of
memory is not damage. Where it is caught all the same, a damaged size asked for more than any memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream
from av.video.stream import VideoStream

from datalake.adapters.media.refusals import Refusal

# Demuxers that only read the file they are given. Playlists (hls, dash, concat) name other files and hosts.
_DEMUXERS = (
    "mov,matroska,webm,mpegts,avi,mpeg,mpegvideo,flv,asf,ogg,mxf,gif,dv,rm,nut,ivf,wtv,h264,hevc,av1,obu,m4v"
    ",3gp,mp4,mp3,aac,wav,flac"
)
_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"}
# tags need not be UTF-8; PyAV 19 takes them by itself
_TAGS: dict[str, Any] = {"metadata_errors": "surrogateescape"} if av.__version__.startswith("18.") else {}

USUAL_RATE_FPS = 25.0  # where a file does not say


def time_base_of(stream: Stream) -> Fraction:
    """Seconds of a tick; FFmpeg's own, should a stream not say."""
    base = stream.time_base
    return Fraction(base.numerator, base.denominator) if base else Fraction(1, av.time_base)


def input_of(path: str, accel: HWAccel | None = None) -> InputContainer:
    """The file as a container.

    Raises:
        av.error.FFmpegError: no demuxer of ours reads it.
    """
    container: InputContainer = av.open(path, options=dict(_OPTIONS), hwaccel=accel, **_TAGS)
    return container


@contextmanager
def opened(path: str) -> Iterator[InputContainer]:
    """The file as a container; closed at the end.

    Raises:
        av.error.FFmpegError: no demuxer of ours reads it.
    """
    with input_of(path) as container:
        yield container


@contextmanager
def decode_failures(where: str) -> Iterator[None]:
    """FFmpeg's errors in the block as `decode_failed`; want of memory stays what it is.

    Raises:
        Refusal: the library gave up.
    """
    try:
        yield
    except MemoryError:
        raise
    except FFmpegError as error:
        raise Refusal("decode_failed", f"{where}: {error.strerror}") from error


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that is not a cover picture."""
    streams = (s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic)
    return next(streams, None)


def time_us(ticks: int, time_base: tuple[int, int]) -> int:
    """Ticks as microseconds, to the nearest."""
    numerator, denominator = time_base
    return (2 * ticks * numerator * 1_000_000 + denominator) // (2 * denominator)
