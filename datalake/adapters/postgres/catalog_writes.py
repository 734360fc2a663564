"""The statements of the catalog's transactions; each function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from datalake.adapters.ports import FrameRow, PointClaim, Settlement
from datalake.adapters.postgres import execute, row, rows
from datalake.adapters.postgres.catalog_rows import (
    asset_row,
    columns,
    derivative_row,
    frame_row,
    quality_row,
    version,
    video_key,
    video_row,
)
from datalake.adapters.postgres.statements import statement
from datalake.adapters.postgres.versions import CurrentVideo, duplicate, verdict
from datalake.contracts import BronzeVideo, ClaimedVideo, Outcome, RefinedVideo, SilverVideo, WorkIdentity
from datalake.errors import TransientError

IS_WORK = "(asset_id, model, settings_hash) = (%s, %s, %s)"
_LOCK_VIDEO = "SELECT pg_advisory_xact_lock(hashtextextended(%(platform)s || '/' || %(video_id)s, 0))"
_LOCK_ASSETS = "SELECT FROM assets WHERE asset_id = ANY(%s) ORDER BY asset_id FOR NO KEY UPDATE"
_ADVANCE = """
UPDATE videos
SET version = %(version)s, version_partition = %(version_partition)s, version_offset = %(version_offset)s
WHERE platform = %(platform)s AND video_id = %(video_id)s
"""
_ROWS_PER_STATEMENT = 1000


def write(
    connection: Connection, video: RefinedVideo, claim: PointClaim, frames: Iterable[Sequence[FrameRow]]
) -> Settlement:
    """Everything but the outcome, under the locks of video and assets."""
    claimed = video.claimed
    # A lock of the name, not of the row: the row may not exist yet.
    execute(connection, _LOCK_VIDEO, video_key(claimed))
    current = current_video(connection, claimed)
    found = verdict(current, claimed, video.silver.work)
    lock_assets(connection, {video.bronze.asset_id} | ({current.work.asset_id} if current else set()))
    if found == "write":
        if claim.verdict != "write":
            raise TransientError(f"{claimed.label}: the video changed while gold looked at it; try again")
        written = _write_live(connection, video, frames)
        settlement = Settlement(Outcome(kind="done", findings=video.findings), written)
    elif found == "unchanged" and _write_refinement(connection, video):
        execute(connection, statement("catalog/upsert_video"), video_row(video))
        settlement = Settlement(Outcome(kind="done", findings=video.findings), video.silver.frame_count)
    else:
        settlement = Settlement(duplicate(found))
    if found == "unchanged":
        execute(connection, _ADVANCE, video_key(claimed) | version(claimed))
    execute(connection, statement("catalog/release_points"), video_key(claimed))
    return settlement


def release_cancelled(connection: Connection, video: RefinedVideo) -> None:
    """Let go of points that were claimed for a message which a person cancelled meanwhile.

    Nothing happens while another message about the video is open: it may be about to make them live.
    """
    execute(connection, _LOCK_VIDEO, video_key(video.claimed))
    named = video.silver.work.model_dump() | video_key(video.claimed)
    named |= {"message_id": video.claimed.message_id}
    execute(connection, statement("catalog/release_cancelled"), named)


def is_open(connection: Connection, claimed: ClaimedVideo) -> bool:
    """True when the message waits for its outcome and this attempt owns it; locks the ledger row."""
    values = claimed.model_dump(include={"message_id", "batch_id", "attempt", "run_id"})
    return row(connection, statement("catalog/open_message"), values) is not None


def current_video(connection: Connection, claimed: ClaimedVideo) -> CurrentVideo | None:
    """The video as catalogued now, or None."""
    found = row(connection, statement("catalog/current_video"), video_key(claimed))
    if found is None:
        return None
    current = (found["version"], found["version_partition"], found["version_offset"])
    return CurrentVideo(found["message_id"], current, work_of(found), found["uri"], found["published_at"])


def raised_generation(connection: Connection, bronze: BronzeVideo) -> int:
    """Add the asset if it is new, raise its generation, and hold its lock."""
    found = row(connection, statement("catalog/raise_generation"), asset_row(bronze))
    return int(found["generation"]) if found else 0


def holders(connection: Connection, work: WorkIdentity) -> tuple[str, ...]:
    """`platform/video_id` of the videos that hold the points of a work."""
    found = rows(connection, statement("catalog/holders"), work.model_dump())
    return tuple(f"{holder['platform']}/{holder['video_id']}" for holder in found)


def lock_assets(connection: Connection, asset_ids: Collection[str]) -> None:
    """Lock rows of `assets` in the order of their ids."""
    execute(connection, _LOCK_ASSETS, (list(asset_ids),))


def work_of(record: Mapping[str, Any]) -> WorkIdentity:
    """The work that a row names."""
    return WorkIdentity(**{name: record[name] for name in ("asset_id", "model", "settings_hash")})


def _write_live(connection: Connection, video: RefinedVideo, frames: Iterable[Sequence[FrameRow]]) -> int:
    """What makes the video live; the number of frames its work has."""
    execute(connection, statement("catalog/upsert_video"), video_row(video))
    _write_refinement(connection, video)
    return _insert_frames(connection, video.silver, frames)


def _write_refinement(connection: Connection, video: RefinedVideo) -> bool:
    """What can change while the work stays: quality and derivatives; True when something did."""
    changed = execute(connection, statement("catalog/upsert_quality_report"), quality_row(video))
    made = [derivative_row(video.silver.work, derivative) for derivative in video.derivatives.items]
    return _insert(connection, "catalog/insert_derivatives", made) + changed > 0


def _insert_frames(connection: Connection, silver: SilverVideo, frames: Iterable[Sequence[FrameRow]]) -> int:
    """Add the frames that are missing; the number of frames the work has."""
    known = row(connection, f"SELECT count(*) FROM frames WHERE {IS_WORK}", columns(silver.work))
    if known is not None and known["count"] == silver.frame_count:
        return silver.frame_count
    written = 0
    for part in frames:
        _insert(connection, "catalog/insert_frames", [frame_row(silver.work, frame) for frame in part])
        written += len(part)
    return written


def _insert(connection: Connection, name: str, values: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows, whose names are the `{columns}` of the statement; how many the last statement wrote."""
    if not values:
        return 0
    columns = list(values[0])
    text = statement(name).format(columns=", ".join(columns))
    template = f"({', '.join(f'%({column})s' for column in columns)})"
    with connection.cursor() as cursor:
        execute_values(cursor, text, values, template, page_size=_ROWS_PER_STATEMENT)
        return int(cursor.rowcount)
