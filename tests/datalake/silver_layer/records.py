"""Records of a video that is through silver."""

from __future__ import annotations

from typing import Any

from datalake.contracts import AudioStream, BronzeVideo, MediaFacts, SilverVideo, VideoStream, WorkIdentity

ASSET_ID = "ab" * 32
WORK = WorkIdentity(asset_id=ASSET_ID, model="memory", settings_hash="0123456789abcdef")


def silver_video(**changes: Any) -> SilverVideo:
    """A finished video, except for the changes."""
    known = {
        "work": WORK,
        "manifest_key": "manifest.json",
        "vector_dim": 4,
        "fingerprint": "f",
        "frame_count": 3,
        "kept_count": 3,
        "pipeline_version": "2",
    }
    return SilverVideo.model_validate(known | changes)


def stream(**changes: Any) -> VideoStream:
    """Pictures in full HD, except for the changes."""
    known = {"index": 0, "codec": "h264", "width_px": 1920, "height_px": 1080, "time_base": (1, 90_000)}
    return VideoStream.model_validate(known | changes)


def sound(**changes: Any) -> AudioStream:
    """Loud sound, except for the changes."""
    return AudioStream.model_validate({"index": 1, "codec": "aac", "peak_dbfs": -3.0} | changes)


def media(**changes: Any) -> MediaFacts:
    """Ten seconds of MP4 with pictures only, except for the changes."""
    known = {"container": "mov", "measured_duration_s": 10.0, "video": stream()}
    return MediaFacts.model_validate(known | changes)


def bronze_video(**changes: Any) -> BronzeVideo:
    """A landed video of which nothing is known, except for the changes."""
    return BronzeVideo.model_validate({"asset_id": ASSET_ID, "size_bytes": 1, "raw_key": "raw"} | changes)
