"""Records and rows that look like those of the layers before gold."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from datalake.adapters.ports import ContentBox, FrameRow, Label
from datalake.common_func import point_id
from datalake.contracts import (
    Assessment,
    BronzeVideo,
    Derivative,
    QualityReport,
    SilverVideo,
    VideoMetadata,
    WorkIdentity,
)
from tests.rows import row

MODEL = "test-model"
DIM = 4
FINGERPRINT = "fingerprint"
VERSION = "1.2.3"


def asset_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def bronze_of(content: str) -> BronzeVideo:
    asset_id = asset_of(content)
    return BronzeVideo(
        asset_id=asset_id, size_bytes=len(content), raw_key=f"bronze/{asset_id[:2]}/{asset_id}/raw"
    )


def assessment_of(content: str, frames: int = 0) -> Assessment:
    metadata = VideoMetadata(duration_s=5.0, width_px=64, height_px=48, video_codec="h264")
    return Assessment(
        asset_id=asset_of(content), metadata=metadata, quality=QualityReport(overall=0.5, frame_count=frames)
    )


def derivative_of(silver: SilverVideo, **other: Any) -> Derivative:
    facts: dict[str, Any] = {
        "name": "poster",
        "asset_id": silver.work.asset_id,
        "settings_hash": silver.work.settings_hash,
        "pipeline_version": VERSION,
        "key": "frames/poster.jpg",
        "sha256": asset_of("poster"),
        "media_type": "image/jpeg",
        "size_bytes": 9,
        "width_px": 64,
        "height_px": 48,
        "time_us": 0,
    }
    return Derivative(**(facts | other))


def frame_of(work: WorkIdentity, number: int, duplicate_of_us: int | None = None) -> FrameRow:
    time_us = number * 500_000
    kept = duplicate_of_us is None
    vector = np.eye(DIM, dtype=np.float32)[number % DIM]
    return row(
        time_us,
        asset_id=work.asset_id,
        settings_hash=work.settings_hash,
        pipeline_version=VERSION,
        pts=number,
        point_id=point_id(work, time_us) if kept else None,
        frame_key=f"{work.prefix}/images/{time_us:012d}.jpg" if kept else None,
        sha256=asset_of(f"image {number}") if kept else None,
        width_px=64,
        height_px=48,
        content_box=ContentBox(0, 6, 64, 36),
        blur=1.0,
        brightness=128.0,
        contrast=40.0,
        blank_share=0.25,
        difference=1.5 if number else None,
        duplicate_of_us=duplicate_of_us,
        labels=(Label("rabbit", 0.5),),
        vector=vector if kept else None,
    )
