"""Points: the vectors of a video's kept frames, in the vector index before any row says so.

It touches the world only through the ports it is given, and never holds more than one part of the frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datalake.adapters.ports import Catalog, FrameRow, FrameTable, Lake, Point, PointClaim, VectorIndex
from datalake.common_func import platforms
from datalake.contracts import BronzeVideo, ClaimedVideo, SilverVideo

_US_PER_S = 1_000_000


def point_claim(
    claimed_video: ClaimedVideo, bronze_video: BronzeVideo, silver_video: SilverVideo, catalog: Catalog
) -> PointClaim:
    """Whether the points are to be written, for which holders, and as which generation of the asset."""
    return catalog.claim_points(claimed_video, bronze_video, silver_video.work)


def shared_payload(
    claimed_video: ClaimedVideo, silver_video: SilverVideo, point_claim: PointClaim
) -> dict[str, Any]:
    """The payload fields that all points of the video have in common."""
    published_at = claimed_video.arrived.published_at
    return {
        **silver_video.work.model_dump(),
        "video_ids": list(point_claim.holders),
        "platform": platforms(point_claim.holders),
        "published_at": published_at.isoformat() if published_at else None,
        "generation": point_claim.generation,
    }


def vector_collection(silver_video: SilverVideo, vector_index: VectorIndex) -> str:
    """Model whose collection exists, made for vectors of this length and fingerprint."""
    model = silver_video.work.model
    vector_index.ensure_collection(model, silver_video.fingerprint, silver_video.vector_dim)
    return model


def stored_points(
    vector_collection: str,
    point_claim: PointClaim,
    shared_payload: dict[str, Any],
    silver_video: SilverVideo,
    frame_table: FrameTable,
    lake: Lake,
    vector_index: VectorIndex,
) -> int:
    """Number of points that are durable in the vector index; 0 when none were to be written."""
    if point_claim.verdict != "write":
        return 0
    written = 0
    for part_key in silver_video.part_keys:
        points = _points(frame_table.rows(part_key), shared_payload, lake)
        if points:
            vector_index.upsert(vector_collection, points, point_claim.generation)
        written += len(points)
    return written


def _points(frames: Sequence[FrameRow], shared: dict[str, Any], lake: Lake) -> list[Point]:
    """One point a kept frame; near-duplicates have none."""
    return [
        Point(frame.point_id, frame.vector, shared | _own_payload(frame, lake.uri(frame.frame_key)))
        for frame in frames
        if frame.point_id is not None and frame.vector is not None and frame.frame_key is not None
    ]


def _own_payload(frame: FrameRow, frame_uri: str) -> dict[str, Any]:
    return {
        "time_us": frame.time_us,
        "timestamp_s": frame.time_us / _US_PER_S,
        "frame_key": frame.frame_key,
        "frame_uri": frame_uri,
        "labels": [label.name for label in frame.labels],
    }
