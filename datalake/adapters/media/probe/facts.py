"""MediaFacts from what the container says, what its packets gave, and the first picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, cast

import av
from av.audio.stream import AudioStream as AvAudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideoStream

from datalake.adapters.media.containers import time_base_of
from datalake.adapters.media.probe.colour import colour
from datalake.adapters.media.probe.scanning import PictureTrack, SoundTrack
from datalake.adapters.media.probe.tags import recorded_at, storable_tags
from datalake.contracts import AudioStream, MediaFacts, VideoStream

_INTERLACED_ORDERS = (2, 3, 4, 5)  # AVFieldOrder: TT, BB, TB, BT


def container_facts(container: InputContainer, audio: AudioStream | None) -> MediaFacts:
    """What is known without the picture."""
    metadata = container.metadata
    return MediaFacts(
        container=container.format.name,
        duration_s=None if container.duration is None else container.duration / av.time_base,
        bit_rate_bps=container.bit_rate or None,
        recorded_at=recorded_at(metadata, datetime.now(UTC)),
        tags=storable_tags(metadata),
        audio=audio,
    )


def with_video(facts: MediaFacts, video: VideoStream, track: PictureTrack) -> MediaFacts:
    """The same with the picture, and what its packets measured."""
    measured_s = _span_s(track, video)
    size_bytes = track.size_bytes
    return facts.model_copy(
        update={
            "video": video,
            "measured_duration_s": measured_s,
            "bit_rate_bps": facts.bit_rate_bps or _bit_rate(size_bytes, measured_s),
        }
    )


def audio_stream(stream: AvAudioStream) -> AudioStream:
    """The sound by its header; to be read before anything is decoded.

    A decoder that refuses to start leaves its context without a codec, and reading that ends the process.
    """
    context = stream.codec_context
    if context is None:
        return AudioStream(index=stream.index)
    return AudioStream(
        index=stream.index,
        codec=context.codec.canonical_name,
        sample_rate_hz=context.sample_rate or None,
        channels=context.channels or None,
        bit_rate_bps=context.bit_rate or None,
    )


def with_measures(audio: AudioStream, track: SoundTrack, is_encrypted: bool) -> AudioStream:
    """The same with what the packets measured; what a cipher sounds like is chance."""
    duration_s = None
    if track.start_s is not None and track.end_s is not None:
        duration_s = track.end_s - track.start_s
    return audio.model_copy(
        update={
            "bit_rate_bps": audio.bit_rate_bps or _bit_rate(track.size_bytes, duration_s),
            "duration_s": duration_s,
            "peak_dbfs": None if is_encrypted else track.level.peak_dbfs,
        }
    )


def video_stream(
    stream: AvVideoStream, frame: VideoFrame, track: PictureTrack, is_damaged: bool
) -> VideoStream:
    """The picture: by its first frame, its header and its packets.

    Args:
        stream: the track.
        frame: the first one that can be decoded.
        track: what its packets say.
        is_damaged: True when pictures before this frame should have been decoded.
    """
    context, rotation = stream.codec_context, _rotation(frame)
    turned, tick_s, steps = rotation in (90, 270), float(time_base_of(stream)), track.intervals
    described = VideoStream(
        index=stream.index,
        codec=context.codec.canonical_name,
        profile=context.profile or None,
        width_px=frame.height if turned else frame.width,
        height_px=frame.width if turned else frame.height,
        rotation_deg=rotation,
        pixel_aspect=_pixel_aspect(stream),
        time_base=time_base_of(stream).as_integer_ratio(),
        start_pts=_start_pts(stream, frame, track, is_damaged),
        frame_rate_fps=float(stream.average_rate) if stream.average_rate else None,
        nominal_frames=stream.frames or None,
        measured_frames=track.packets,
        keyframes=track.keyframes,
        shortest_interval_s=steps and steps.shortest * tick_s,
        longest_interval_s=steps and steps.longest * tick_s,
        pixel_format=frame.format.name,
        bit_depth=frame.format.components[0].bits,
        colour=colour(frame),
        is_interlaced=frame.interlaced_frame or context.field_order in _INTERLACED_ORDERS,
    )
    bit_rate_bps = context.bit_rate or _bit_rate(track.size_bytes, _span_s(track, described))
    return described.model_copy(update={"bit_rate_bps": bit_rate_bps})


def _rotation(frame: VideoFrame) -> Literal[0, 90, 180, 270]:
    """Degrees clockwise to be seen upright."""
    return cast("Literal[0, 90, 180, 270]", round(-frame.rotation / 90) * 90 % 360)


def _pixel_aspect(stream: AvVideoStream) -> tuple[int, int]:
    aspect = stream.sample_aspect_ratio
    return (aspect.numerator, aspect.denominator) if aspect else (1, 1)


def _start_pts(stream: AvVideoStream, frame: VideoFrame, track: PictureTrack, is_damaged: bool) -> int | None:
    """Time of the first picture that the undamaged file would show.

    Pictures stored after the first keyframe and shown before it cannot be decoded (open groups of pictures).
    """
    decoded = [pts for pts in (frame.pts, track.keyframe_pts) if pts is not None and not is_damaged]
    candidates = (min(decoded, default=None), track.start_pts, stream.start_time)
    return next((pts for pts in candidates if pts is not None), None)


def _span_s(track: PictureTrack, video: VideoStream) -> float | None:
    if track.end_pts is None:
        return None
    numerator, denominator = video.time_base
    return (track.end_pts - (video.start_pts or 0)) * numerator / denominator


def _bit_rate(size_bytes: int, duration_s: float | None) -> int | None:
    return round(8 * size_bytes / duration_s) if duration_s and duration_s > 0 and size_bytes else None
