"""Points: the vectors of a video's kept frames, in the vector index before any row says so.

It touches the world only through the ports it is given, and never holds more than one part of the frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hamilton.function_modifiers import tag

from datalake.adapters.ports import Catalog, FrameRow, FrameTable, Lake, Point, PointClaim, VectorIndex
from datalake.common_func import platforms
from datalake.contracts import RefinedVideo
from datalake.gold_layer.belonging import own_parts

_US_PER_S = 1_000_000


@tag(effect="writes")
def point_claim(refined_video: RefinedVideo, catalog: Catalog) -> PointClaim:
    """Whether the points are to be written, for which holders, and as which generation of the asset."""
    return catalog.claim_points(refined_video.claimed, refined_video.bronze, refined_video.silver.work)


def shared_payload(refined_video: RefinedVideo, point_claim: PointClaim) -> dict[str, Any]:
    """The payload fields that all points of the video have in common."""
    published_at = refined_video.claimed.arrived.published_at
    return {
        **refined_video.silver.work.model_dump(),
        "pipeline_version": refined_video.silver.pipeline_version,
        "video_ids": list(point_claim.holders),
        "platform": platforms(point_claim.holders),
        "published_at": published_at.isoformat() if published_at else None,
        "generation": point_claim.generation,
    }


@tag(effect="writes")
def vector_collection(refined_video: RefinedVideo, vector_index: VectorIndex) -> str:
    """Model whose collection exists, made for vectors of this length and fingerprint."""
    silver = refined_video.silver
    vector_index.ensure_collection(silver.work.model, silver.fingerprint, silver.vector_dim)
    return silver.work.model


@tag(effect="writes")
def stored_points(
    vector_collection: str,
    point_claim: PointClaim,
    shared_payload: dict[str, Any],
    refined_video: RefinedVideo,
    frame_table: FrameTable,
    lake: Lake,
    vector_index: VectorIndex,
) -> int:
    """Number of points that are durable in the vector index; 0 when none were to be written."""
    if point_claim.verdict != "write":
        return 0
    written = 0
    for rows in own_parts(refined_video.silver, frame_table):
        points = _points(rows, shared_payload, lake)
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
