"""The pictures of a proxy, in the child: scaled down, upright, H.264, each at its own time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream as AvStream

from datalake.contracts import VideoStream

_KEYFRAME_EVERY_S = 2
_OPTIONS = {"preset": "veryfast", "crf": "23"}
_USUAL_RATES_FPS = (1, 240)
_FINEST_TICKS_PER_S = 1_000_000
# ITU-T H.273 numbers that say nothing: reserved, unspecified. A matrix of 0 is RGB, which yuv420p is not.
_UNSAID = (0, 2, 3)
_UNSPECIFIED, _BT709 = 2, 1


def proxy_size_px(video: VideoStream, height_px: int) -> tuple[int, int]:
    """Width and height of the upright proxy: even, as H.264 wants them, and never enlarged."""
    height = min(height_px, video.height_px)
    width = min(round(video.width_px * height / video.height_px / 2), video.width_px // 2) * 2
    return max(2, width), max(2, height // 2 * 2)


class Pictures:
    """Encodes pictures as they are decoded.

    There are no B-frames: the first picture is at 0 without an edit list, which not every player obeys.

    Attributes:
        count: pictures taken.
    """

    def __init__(
        self, output: OutputContainer, source: AvStream, video: VideoStream, height_px: int, threads: int
    ) -> None:
        self._video = video
        self._width_px, self._height_px = proxy_size_px(video, height_px)
        exact = Fraction(*video.time_base)
        self._time_base = exact if exact.denominator <= _FINEST_TICKS_PER_S else Fraction(1, 90_000)
        self._last_ticks = self._keyframe_ticks = -1
        self._held: Packet[AvStream] | None = None
        self._stream = output.add_stream("libx264", rate=_rate_fps(source), options=dict(_OPTIONS))
        self._set_up(self._stream.codec_context, source.codec_context)
        self._stream.codec_context.thread_count = threads
        self.count = 0

    def encoded(self, frame: VideoFrame) -> Iterator[Packet[AvStream]]:
        """What the encoder gives for one more picture; one without a later time than the last is left out."""
        ticks = self._ticks(frame)
        if ticks is None:
            return
        picture = self._scaled(frame)
        is_keyframe = self._keyframe_ticks < 0 or (
            (ticks - self._keyframe_ticks) * self._time_base >= _KEYFRAME_EVERY_S
        )
        if is_keyframe:
            self._keyframe_ticks = ticks
        picture.pts, picture.time_base = ticks, self._time_base
        picture.pict_type = PictureType.I if is_keyframe else PictureType.NONE
        self._last_ticks = ticks
        self.count += 1
        yield from self._lasting(self._stream.encode(picture))

    def flushed(self, end_s: float) -> Iterator[Packet[AvStream]]:
        """What the encoder still holds; the last picture stays until `end_s`."""
        yield from self._lasting(self._stream.encode(None))
        if self._held is not None and self._held.pts is not None:
            self._held.duration = max(1, round(Fraction(end_s) / self._time_base) - self._held.pts)
            yield self._held

    def time_s(self, frame: VideoFrame) -> Fraction | None:
        """Seconds from the start of the video; None where the picture has no time."""
        if frame.pts is None:
            return None
        return (frame.pts - (self._video.start_pts or 0)) * Fraction(*self._video.time_base)

    def _ticks(self, frame: VideoFrame) -> int | None:
        time_s = self.time_s(frame)
        if time_s is None or time_s < 0:
            return None
        ticks = round(time_s / self._time_base) if self.count else 0
        return ticks if ticks > self._last_ticks else None

    def _lasting(self, packets: Iterable[Packet[AvStream]]) -> Iterator[Packet[AvStream]]:
        """The packets, one behind, for each lasts until the next begins."""
        for packet in packets:
            held, self._held = self._held, packet
            if held is not None and held.pts is not None and packet.pts is not None:
                held.duration = packet.pts - held.pts
                yield held

    def _scaled(self, frame: VideoFrame) -> VideoFrame:
        width, height = self._width_px, self._height_px
        if self._video.rotation_deg in (90, 270):
            width, height = height, width
        picture = frame.reformat(
            width=width,
            height=height,
            format="yuv420p",
            interpolation=Interpolation.BICUBIC,
            dst_colorspace=Colorspace.ITU709 if frame.format.is_rgb else None,
            dst_color_range=ColorRange.MPEG,
        )
        return turned(picture, self._video.rotation_deg)

    def _set_up(self, encoder: VideoCodecContext, decoder: VideoCodecContext) -> None:
        encoder.width, encoder.height, encoder.pix_fmt = self._width_px, self._height_px, "yuv420p"
        encoder.time_base = self._time_base
        encoder.max_b_frames = 0
        aspect = Fraction(*self._video.pixel_aspect)
        encoder.sample_aspect_ratio = 1 / aspect if self._video.rotation_deg in (90, 270) else aspect
        encoder.color_range = ColorRange.MPEG
        encoder.color_primaries = _said(decoder.color_primaries)
        encoder.color_trc = _said(decoder.color_trc)
        is_rgb = decoder.format is not None and decoder.format.is_rgb
        encoder.colorspace = _BT709 if is_rgb else _said(decoder.colorspace)


def turned(picture: VideoFrame, rotation_deg: int) -> VideoFrame:
    """A yuv420p picture turned clockwise by a multiple of 90 degrees."""
    if not rotation_deg:
        return picture
    width, height = picture.width, picture.height
    samples = picture.to_ndarray().ravel()
    planes = np.split(samples, (width * height, width * height * 5 // 4))
    shapes = ((height, width), (height // 2, width // 2), (height // 2, width // 2))
    quarters = -rotation_deg // 90
    parts = [np.rot90(plane.reshape(shape), quarters) for plane, shape in zip(planes, shapes, strict=True)]
    across = parts[0].shape[1]
    whole = np.concatenate([part.ravel() for part in parts]).reshape(-1, across)
    return av.VideoFrame.from_ndarray(whole, format="yuv420p")


def _said(number: int) -> int:
    return _UNSPECIFIED if number in _UNSAID else number


def _rate_fps(source: AvStream) -> Fraction:
    """A hint for the encoder and the container; the times of the pictures are what counts."""
    slowest, fastest = _USUAL_RATES_FPS
    rate = source.average_rate
    if rate is None or not slowest <= rate <= fastest:
        return Fraction(30)
    return Fraction(rate.numerator, rate.denominator)
