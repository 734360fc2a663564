"""MediaFacts from what the container says, what its packets gave, and the first picture."""

from __future__ import annotations

from datetime import UTC, datetime

import av
from av.audio.stream import AudioStream as AvAudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideoStream

from datalake.adapters.media.colour import colour
from datalake.adapters.media.scanning import PictureTrack, SoundTrack
from datalake.adapters.media.tags import created_at, storable_tags
from datalake.contracts import AudioStream, MediaFacts, VideoStream

_INTERLACED_ORDERS = (2, 3, 4, 5)  # AVFieldOrder: TT, BB, TB, BT


def container_facts(container: InputContainer, audio: AudioStream | None) -> MediaFacts:
    """What is known without the picture."""
    metadata = container.metadata
    return MediaFacts(
        container=container.format.name,
        duration_s=None if container.duration is None else container.duration / av.time_base,
        bit_rate_bps=container.bit_rate or None,
        created_at=created_at(metadata, datetime.now(UTC)),
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


def audio_stream(stream: AvAudioStream, track: SoundTrack) -> AudioStream:
    """The sound: what its decoder was told, and what its packets measured."""
    context = stream.codec_context
    duration_s = None
    if track.start_s is not None and track.end_s is not None:
        duration_s = track.end_s - track.start_s
    measured_bps = _bit_rate(track.size_bytes, duration_s)
    if context is None:
        return AudioStream(index=stream.index, bit_rate_bps=measured_bps, duration_s=duration_s)
    return AudioStream(
        index=stream.index,
        codec=context.name,
        sample_rate_hz=context.sample_rate or None,
        channels=context.channels or None,
        bit_rate_bps=context.bit_rate or measured_bps,
        duration_s=duration_s,
        peak_dbfs=track.loudness.peak_dbfs,
    )


def video_stream(stream: AvVideoStream, frame: VideoFrame | None, track: PictureTrack) -> VideoStream | None:
    """The picture, by its first frame; without one by its header, None where that has no size."""
    context, rotation = stream.codec_context, _rotation(frame)
    shown = frame or context
    if not shown.width or not shown.height:
        return None
    turned = rotation in (90, 270)
    tick_s = float(stream.time_base)
    steps = track.intervals
    described = VideoStream(
        index=stream.index,
        codec=context.name,
        profile=context.profile or None,
        width_px=shown.height if turned else shown.width,
        height_px=shown.width if turned else shown.height,
        rotation_deg=rotation,
        pixel_aspect=_pixel_aspect(stream),
        time_base=(stream.time_base.numerator, stream.time_base.denominator),
        start_pts=_start_pts(stream, frame, track),
        frame_rate_fps=float(stream.average_rate) if stream.average_rate else None,
        nominal_frames=stream.frames or None,
        measured_frames=track.packets,
        keyframes=track.keyframes,
        shortest_interval_s=steps and steps.shortest * tick_s,
        longest_interval_s=steps and steps.longest * tick_s,
        pixel_format=shown.format.name if shown.format else None,
        bit_depth=shown.format.components[0].bits if shown.format else None,
        colour=colour(shown),
        is_interlaced=_is_interlaced(stream, frame),
    )
    bit_rate_bps = context.bit_rate or _bit_rate(track.size_bytes, _span_s(track, described))
    return described.model_copy(update={"bit_rate_bps": bit_rate_bps})


def _rotation(frame: VideoFrame | None) -> int:
    """Degrees clockwise to be seen upright."""
    return round(-frame.rotation / 90) * 90 % 360 if frame else 0


def _pixel_aspect(stream: AvVideoStream) -> tuple[int, int]:
    aspect = stream.sample_aspect_ratio
    return (aspect.numerator, aspect.denominator) if aspect else (1, 1)


def _start_pts(stream: AvVideoStream, frame: VideoFrame | None, track: PictureTrack) -> int | None:
    """Time of the first picture that a whole file would show.

    Pictures stored after the first keyframe and shown before it cannot be decoded (open groups of pictures);
    where the keyframe itself is damaged the first picture decoded comes later, and time still counts from it.
    """
    decoded = [pts for pts in (frame.pts if frame else None, track.keyframe_pts) if pts is not None]
    candidates = (min(decoded, default=None), track.start_pts, stream.start_time)
    return next((pts for pts in candidates if pts is not None), None)


def _is_interlaced(stream: AvVideoStream, frame: VideoFrame | None) -> bool:
    if frame is not None and frame.interlaced_frame:
        return True
    return stream.codec_context.field_order in _INTERLACED_ORDERS


def _span_s(track: PictureTrack, video: VideoStream) -> float | None:
    if track.end_pts is None:
        return None
    numerator, denominator = video.time_base
    return (track.end_pts - (video.start_pts or 0)) * numerator / denominator


def _bit_rate(size_bytes: int, duration_s: float | None) -> int | None:
    return round(8 * size_bytes / duration_s) if duration_s and duration_s > 0 and size_bytes else None
