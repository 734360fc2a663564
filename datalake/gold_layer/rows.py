"""Rows: video, frames, quality, derivatives and outcome in one transaction, once the points are there.

Afterwards the points that the video held before are told that it left. Pure but for its ports.
"""

from __future__ import annotations

from uuid import UUID

from hamilton.function_modifiers import tag

from datalake.adapters.ports import Catalog, FrameTable, PointClaim, Retraction, Settlement, VectorIndex
from datalake.contracts import GoldVideo, RefinedVideo, SilverVideo
from datalake.gold_layer.belonging import own_parts

_POINTS_PER_REQUEST = 1000


@tag(effect="writes")
def settlement(
    refined_video: RefinedVideo,
    point_claim: PointClaim,
    stored_points: int,
    frame_table: FrameTable,
    catalog: Catalog,
) -> Settlement:
    """What the transaction wrote that makes the video live; it follows the points, never precedes them."""
    return catalog.settle(refined_video, point_claim, own_parts(refined_video.silver, frame_table))


@tag(effect="writes")
def retracted_points(
    refined_video: RefinedVideo,
    settlement: Settlement,
    frame_table: FrameTable,
    catalog: Catalog,
    vector_index: VectorIndex,
) -> int:
    """Number of points that no longer name this video, because it shows other content by now."""
    arrived = refined_video.claimed.arrived
    video = (arrived.platform, arrived.video_id)
    retracted = 0
    for retraction in catalog.retractions(video):
        point_ids = _point_ids(retraction, refined_video.silver, frame_table)
        if not point_ids:
            continue  # they may still be on their way; the message that writes them comes back here
        if vector_index.count(retraction.work.model, retraction.work):
            _rewrite(vector_index, retraction, point_ids)
        catalog.retracted(video, retraction.work)
        retracted += len(point_ids)
    return retracted


def gold_video(
    refined_video: RefinedVideo, settlement: Settlement, stored_points: int, retracted_points: int
) -> GoldVideo:
    """Who knows now: the rows and points that were written, and the outcome."""
    return GoldVideo(
        message_id=refined_video.claimed.message_id,
        asset_id=refined_video.silver.work.asset_id,
        frame_count=settlement.frame_count,
        point_count=stored_points,
        outcome=settlement.outcome,
    )


def _rewrite(vector_index: VectorIndex, retraction: Retraction, point_ids: tuple[UUID, ...]) -> None:
    model, generation = retraction.work.model, retraction.generation
    for start in range(0, len(point_ids), _POINTS_PER_REQUEST):
        some = point_ids[start : start + _POINTS_PER_REQUEST]
        vector_index.set_holders(model, some, retraction.holders, generation)


def _point_ids(retraction: Retraction, silver: SilverVideo, frame_table: FrameTable) -> tuple[UUID, ...]:
    """The points to rewrite; those of our own work may be written but not catalogued."""
    if retraction.work != silver.work:
        return retraction.point_ids
    rows = (row for part in own_parts(silver, frame_table) for row in part)
    return tuple(row.point_id for row in rows if row.point_id is not None)
