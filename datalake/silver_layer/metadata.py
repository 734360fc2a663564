"""Metadata: what a video is, from what its container says and what the probe measured. Pure."""

from __future__ import annotations

from typing import Literal

from datalake.contracts import AudioStream, BronzeVideo, VideoMetadata, VideoStream
from datalake.contracts.assessed import ResolutionClass

# shortest shorter side of each class; 1440p is no class of its own
_CLASSES: tuple[tuple[int, ResolutionClass], ...] = (
    (4320, "8k"),
    (2160, "4k"),
    (1080, "full_hd"),
    (720, "hd"),
    (480, "sd"),
)


def video_stream(bronze_video: BronzeVideo) -> VideoStream | None:
    """The pictures of the file; None where none can be read."""
    return None if bronze_video.media is None else bronze_video.media.video


def audio_stream(bronze_video: BronzeVideo) -> AudioStream | None:
    """The sound of the file; None without."""
    return None if bronze_video.media is None else bronze_video.media.audio


def duration_s(bronze_video: BronzeVideo) -> float | None:
    """Seconds of pictures that are really there; where nobody could measure, what the container claims."""
    return None if bronze_video.media is None else bronze_video.media.best_duration_s


def short_side_px(video_stream: VideoStream | None) -> int | None:
    """Pixels of the picture's shorter side."""
    return None if video_stream is None else min(video_stream.width_px, video_stream.height_px)


def orientation(video_stream: VideoStream | None) -> Literal["landscape", "portrait", "square"] | None:
    """How the upright picture lies."""
    if video_stream is None:
        return None
    if video_stream.width_px == video_stream.height_px:
        return "square"
    return "landscape" if video_stream.width_px > video_stream.height_px else "portrait"


def resolution_class(short_side_px: int | None) -> ResolutionClass | None:
    """The class by the shorter side, so that a portrait video is in that of its landscape twin."""
    if short_side_px is None:
        return None
    return next((name for least_px, name in _CLASSES if short_side_px >= least_px), "below_sd")


def effective_frame_rate_fps(video_stream: VideoStream | None, duration_s: float | None) -> float | None:
    """Pictures that are there over the seconds they take; None where either was not measured."""
    if video_stream is None or not video_stream.measured_frames or not duration_s:
        return None
    return video_stream.measured_frames / duration_s


def is_variable_frame_rate(bronze_video: BronzeVideo) -> bool:
    """True when the probe found pictures that are not equally far apart."""
    return any(finding.code == "variable_frame_rate" for finding in bronze_video.findings)


def is_hdr(video_stream: VideoStream | None) -> bool:
    """True when the transfer curve is one of high dynamic range."""
    return video_stream is not None and video_stream.colour.is_hdr


def audio_gap_s(bronze_video: BronzeVideo, audio_stream: AudioStream | None) -> float | None:
    """Seconds that sound is longer than the pictures, negative for shorter; None unless both are there."""
    media = bronze_video.media
    pictures_s = None if media is None else media.measured_duration_s
    if audio_stream is None or audio_stream.duration_s is None or pictures_s is None:
        return None
    return audio_stream.duration_s - pictures_s


def video_metadata(
    bronze_video: BronzeVideo,
    video_stream: VideoStream | None,
    audio_stream: AudioStream | None,
    duration_s: float | None,
    orientation: Literal["landscape", "portrait", "square"] | None,
    resolution_class: ResolutionClass | None,
    effective_frame_rate_fps: float | None,
    is_variable_frame_rate: bool,
    is_hdr: bool,
) -> VideoMetadata:
    """The description: the container's words, and what was measured or follows from it."""
    media = bronze_video.media
    if media is None:
        return VideoMetadata()
    metadata = VideoMetadata(
        duration_s=duration_s,
        container=media.container,
        audio_codec=None if audio_stream is None else audio_stream.codec,
        bit_rate_bps=media.bit_rate_bps,
        recorded_at=media.recorded_at,
        tags=media.tags,
        is_variable_frame_rate=is_variable_frame_rate,
        is_hdr=is_hdr,
    )
    if video_stream is None:
        return metadata
    return metadata.model_copy(
        update={
            "width_px": video_stream.width_px,
            "height_px": video_stream.height_px,
            "orientation": orientation,
            "resolution_class": resolution_class,
            "rotation_deg": video_stream.rotation_deg,
            "video_codec": video_stream.codec,
            "effective_frame_rate_fps": effective_frame_rate_fps,
            "colour": video_stream.colour,
        }
    )
