"""The statements of the catalog's transactions; each function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json, execute_values

from datalake.adapters.ports import FrameRow, PointClaim, Settlement
from datalake.adapters.postgres import execute, row, rows
from datalake.adapters.postgres.statements import statement
from datalake.adapters.postgres.versions import CurrentVideo, duplicate, verdict
from datalake.contracts import BronzeVideo, ClaimedVideo, Outcome, SilverVideo, WorkIdentity
from datalake.errors import TransientError

IS_WORK = "(asset_id, model, settings_hash) = (%s, %s, %s)"
_LOCK_VIDEO = "SELECT pg_advisory_xact_lock(hashtextextended(%(platform)s || '/' || %(video_id)s, 0))"
_LOCK_ASSETS = "SELECT FROM assets WHERE asset_id = ANY(%s) ORDER BY asset_id FOR NO KEY UPDATE"
_ADVANCE = """
UPDATE videos
SET version = %(version)s, version_partition = %(version_partition)s, version_offset = %(version_offset)s
WHERE platform = %(platform)s AND video_id = %(video_id)s
"""
_FRAMES_PER_STATEMENT = 1000


def write(
    connection: Connection,
    claimed: ClaimedVideo,
    bronze: BronzeVideo,
    silver: SilverVideo,
    claim: PointClaim,
    frames: Iterable[Sequence[FrameRow]],
) -> Settlement:
    """Everything but the outcome, under the locks of video and assets."""
    # A lock of the name, not of the row: the row may not exist yet.
    execute(connection, _LOCK_VIDEO, video_key(claimed))
    current = current_video(connection, claimed)
    found = verdict(current, claimed, silver.work)
    lock_assets(connection, {bronze.asset_id} | ({current.work.asset_id} if current else set()))
    if found == "write":
        if claim.verdict != "write":
            raise TransientError(f"{claimed.label}: the video changed while gold looked at it; try again")
        execute(connection, statement("catalog/upsert_video"), _video_row(claimed, bronze, silver))
        written = _insert_frames(connection, silver, frames)
        settlement = Settlement(Outcome(kind="done", findings=bronze.findings), written)
    else:
        settlement = Settlement(duplicate(found))
    if found == "unchanged":
        execute(connection, _ADVANCE, video_key(claimed) | _version(claimed))
    execute(connection, statement("catalog/release_points"), video_key(claimed))
    return settlement


def is_open(connection: Connection, claimed: ClaimedVideo) -> bool:
    """True when the message waits for its outcome and this attempt owns it; locks the ledger row."""
    values = claimed.model_dump(include={"message_id", "batch_id", "attempt", "run_id"})
    return row(connection, statement("catalog/open_message"), values) is not None


def current_video(connection: Connection, claimed: ClaimedVideo) -> CurrentVideo | None:
    """The video as catalogued now, or None."""
    found = row(connection, statement("catalog/current_video"), video_key(claimed))
    if found is None:
        return None
    version = (found["version"], found["version_partition"], found["version_offset"])
    return CurrentVideo(found["message_id"], version, work_of(found), found["uri"], found["published_at"])


def raised_generation(connection: Connection, bronze: BronzeVideo) -> int:
    """Add the asset if it is new, raise its generation, and hold its lock."""
    values: dict[str, Any] = bronze.model_dump(include={"asset_id", "size_bytes", "raw_key"})
    values["media"] = Json(bronze.media.model_dump(mode="json")) if bronze.media else None
    found = row(connection, statement("catalog/raise_generation"), values)
    return int(found["generation"]) if found else 0


def holders(connection: Connection, work: WorkIdentity) -> tuple[str, ...]:
    """`platform/video_id` of the videos that hold the points of a work."""
    found = rows(connection, statement("catalog/holders"), work.model_dump())
    return tuple(f"{holder['platform']}/{holder['video_id']}" for holder in found)


def lock_assets(connection: Connection, asset_ids: Collection[str]) -> None:
    """Lock rows of `assets` in the order of their ids."""
    execute(connection, _LOCK_ASSETS, (list(asset_ids),))


def _insert_frames(connection: Connection, silver: SilverVideo, frames: Iterable[Sequence[FrameRow]]) -> int:
    """Add the frames that are missing; the number of frames the work has."""
    known = row(connection, f"SELECT count(*) FROM frames WHERE {IS_WORK}", columns(silver.work))
    if known is not None and known["count"] == silver.frame_count:
        return silver.frame_count
    written = 0
    with connection.cursor() as cursor:
        for part in frames:
            values = [_frame_row(silver.work, frame) for frame in part]
            execute_values(
                cursor, statement("catalog/insert_frames"), values, page_size=_FRAMES_PER_STATEMENT
            )
            written += len(values)
    return written


def _frame_row(work: WorkIdentity, frame: FrameRow) -> tuple[Any, ...]:
    labels = Json([{"name": label.name, "score": label.score} for label in frame.labels])
    return (
        *columns(work),
        frame.time_us,
        frame.pts,
        frame.point_id,
        frame.frame_key,
        frame.width_px,
        frame.height_px,
        frame.blur,
        frame.brightness,
        frame.phash,
        frame.duplicate_of_us,
        labels,
    )


def _video_row(claimed: ClaimedVideo, bronze: BronzeVideo, silver: SilverVideo) -> dict[str, Any]:
    media, arrived = bronze.media, claimed.arrived
    video = media.video if media else None
    facts = {
        "message_id": claimed.message_id,
        "uri": arrived.uri,
        "published_at": arrived.published_at,
        "duration_s": (media.measured_duration_s or media.duration_s) if media else None,
        "width_px": video.width_px if video else None,
        "height_px": video.height_px if video else None,
        "codec": video.codec if video else None,
        "frame_count": silver.kept_count,
    }
    return facts | video_key(claimed) | _version(claimed) | silver.work.model_dump()


def video_key(claimed: ClaimedVideo) -> dict[str, Any]:
    """Parameters that name the video."""
    return {"platform": claimed.arrived.platform, "video_id": claimed.arrived.video_id}


def _version(claimed: ClaimedVideo) -> dict[str, int]:
    return dict(zip(("version", "version_partition", "version_offset"), claimed.version, strict=True))


def work_of(record: Mapping[str, Any]) -> WorkIdentity:
    """The work that a row names."""
    return WorkIdentity(**{name: record[name] for name in ("asset_id", "model", "settings_hash")})


def columns(work: WorkIdentity) -> tuple[str, str, str]:
    """The work as the values of its three columns."""
    return work.asset_id, work.model, work.settings_hash
