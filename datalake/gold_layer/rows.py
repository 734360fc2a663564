"""Rows: video, frames and outcome in one transaction, once the points are there.

Afterwards the points that the video held before are told that it left. Pure but for its ports.
"""

from __future__ import annotations

from uuid import UUID

from datalake.adapters.ports import Catalog, FrameTable, PointClaim, Retraction, Settlement, VectorIndex
from datalake.contracts import BronzeVideo, ClaimedVideo, GoldVideo, SilverVideo

_POINTS_PER_REQUEST = 1000


def settlement(
    claimed_video: ClaimedVideo,
    bronze_video: BronzeVideo,
    silver_video: SilverVideo,
    point_claim: PointClaim,
    stored_points: int,
    frame_table: FrameTable,
    catalog: Catalog,
) -> Settlement:
    """What the transaction wrote that makes the video live; it follows the points, never precedes them."""
    frames = (frame_table.rows(part_key) for part_key in silver_video.part_keys)
    return catalog.settle(claimed_video, bronze_video, silver_video, point_claim, frames)


def retracted_points(
    claimed_video: ClaimedVideo,
    silver_video: SilverVideo,
    settlement: Settlement,
    frame_table: FrameTable,
    catalog: Catalog,
    vector_index: VectorIndex,
) -> int:
    """Number of points that no longer name this video, because it shows other content by now."""
    video = (claimed_video.arrived.platform, claimed_video.arrived.video_id)
    retracted = 0
    for retraction in catalog.retractions(video):
        point_ids = _point_ids(retraction, silver_video, frame_table)
        if not point_ids:
            continue  # they may still be on their way; the message that writes them comes back here
        if vector_index.count(retraction.work.model, retraction.work):
            _rewrite(vector_index, retraction, point_ids)
        catalog.retracted(video, retraction.work)
        retracted += len(point_ids)
    return retracted


def gold_video(
    claimed_video: ClaimedVideo,
    silver_video: SilverVideo,
    settlement: Settlement,
    stored_points: int,
    retracted_points: int,
) -> GoldVideo:
    """Who knows now: the rows and points that were written, and the outcome."""
    return GoldVideo(
        message_id=claimed_video.message_id,
        asset_id=silver_video.work.asset_id,
        frame_rows=settlement.frame_rows,
        points=stored_points,
        outcome=settlement.outcome,
    )


def _rewrite(vector_index: VectorIndex, retraction: Retraction, point_ids: tuple[UUID, ...]) -> None:
    model, generation = retraction.work.model, retraction.generation
    for start in range(0, len(point_ids), _POINTS_PER_REQUEST):
        some = point_ids[start : start + _POINTS_PER_REQUEST]
        vector_index.set_holders(model, some, retraction.holders, generation)


def _point_ids(
    retraction: Retraction, silver_video: SilverVideo, frame_table: FrameTable
) -> tuple[UUID, ...]:
    """The points to rewrite; those of our own work may be written but not catalogued."""
    if retraction.work != silver_video.work:
        return retraction.point_ids
    rows = (row for part_key in silver_video.part_keys for row in frame_table.rows(part_key))
    return tuple(row.point_id for row in rows if row.point_id is not None)
