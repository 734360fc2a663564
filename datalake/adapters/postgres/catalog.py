"""The catalog in PostgreSQL: videos, assets, frames, quality, derivatives, holders of points, outcomes.

Locks are always taken in the same order: ledger row, video, assets by id, batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from psycopg2.extensions import connection as Connection

from datalake.adapters.ports import Catalog, Compose, FrameRow, PointClaim, Retraction, Settlement, VideoKey
from datalake.adapters.postgres import execute, row, rows, transaction
from datalake.adapters.postgres.batches import finish_batch, lock_batch, write_outcome
from datalake.adapters.postgres.catalog_rows import asset_row, columns, video_key
from datalake.adapters.postgres.catalog_writes import (
    IS_WORK,
    current_video,
    holders,
    is_open,
    lock_assets,
    raised_generation,
    release_cancelled,
    work_of,
    write,
)
from datalake.adapters.postgres.known_content import keep_known
from datalake.adapters.postgres.leases import PostgresLeases
from datalake.adapters.postgres.statements import statement
from datalake.adapters.postgres.versions import verdict
from datalake.contracts import BronzeVideo, ClaimedVideo, Outcome, RefinedVideo, WorkIdentity
from datalake.crash_points import crash_point

_RELEASED = """
SELECT asset_id, model, settings_hash FROM point_holders WHERE platform = %s AND video_id = %s AND released
"""
_FORGET_HOLDER = f"DELETE FROM point_holders WHERE platform = %s AND video_id = %s AND released AND {IS_WORK}"
_RAISE = "UPDATE assets SET generation = next_generation(generation) WHERE asset_id = %s RETURNING generation"
_POINTS = f"SELECT point_id FROM frames WHERE {IS_WORK} AND point_id IS NOT NULL ORDER BY time_us"


class _NotOurs(Exception):
    """The batch went on to another attempt while this one was writing."""


class PostgresCatalog(PostgresLeases, Catalog):
    """See the port; `compose` renders the mails of a finished batch."""

    def __init__(self, uri: str, compose: Compose) -> None:
        super().__init__(uri)
        self._compose = compose

    def claim_points(self, claimed: ClaimedVideo, bronze: BronzeVideo, work: WorkIdentity) -> PointClaim:
        """As the port says."""
        with transaction(self._uri) as connection:
            if not is_open(connection, claimed):
                return PointClaim("closed")
            found = verdict(current_video(connection, claimed), claimed, work)
            if found != "write":
                return PointClaim(found)
            generation = raised_generation(connection, bronze)
            hold = work.model_dump() | video_key(claimed) | {"version": list(claimed.version)}
            execute(connection, statement("catalog/hold_points"), hold)
            claim = PointClaim("write", generation, holders(connection, work))
        crash_point("gold.after_hold")
        return claim

    def settle(
        self, video: RefinedVideo, claim: PointClaim, frames: Iterable[Sequence[FrameRow]]
    ) -> Settlement:
        """As the port says."""
        try:
            with transaction(self._uri) as connection:
                if not is_open(connection, video.claimed):
                    release_cancelled(connection, video)
                    return Settlement()
                settlement = write(connection, video, claim, frames)
                if settlement.outcome is not None:
                    self._end(connection, video.claimed, settlement.outcome, video.bronze)
                crash_point("gold.before_commit")
        except _NotOurs:
            return Settlement()
        crash_point("gold.after_commit")
        return settlement

    def record_outcome(
        self, claimed: ClaimedVideo, outcome: Outcome, bronze: BronzeVideo | None = None
    ) -> bool:
        """As the port says."""
        try:
            with transaction(self._uri) as connection:
                if not is_open(connection, claimed):
                    return False
                if bronze is not None:
                    execute(connection, statement("catalog/keep_asset"), asset_row(bronze))
                self._end(connection, claimed, outcome, bronze)
                return True
        except _NotOurs:
            return False

    def retractions(self, video: VideoKey) -> list[Retraction]:
        """As the port says; one transaction a work."""
        with transaction(self._uri) as connection:
            released = rows(connection, _RELEASED, video)
        found = [self._retraction(video, WorkIdentity(**record)) for record in released]
        return [retraction for retraction in found if retraction is not None]

    def retracted(self, video: VideoKey, work: WorkIdentity) -> None:
        """As the port says."""
        with transaction(self._uri) as connection:
            lock_assets(connection, {work.asset_id})
            execute(connection, _FORGET_HOLDER, (*video, *columns(work)))
            execute(connection, statement("catalog/forget_work"), work.model_dump())

    def live_works(self, videos: Collection[VideoKey]) -> Mapping[VideoKey, WorkIdentity]:
        """As the port says."""
        platforms, ids = [video[0] for video in videos], [video[1] for video in videos]
        with transaction(self._uri) as connection:
            found = rows(connection, statement("catalog/live_works"), (platforms, ids))
        return {(record["platform"], record["video_id"]): work_of(record) for record in found}

    def _end(
        self, connection: Connection, claimed: ClaimedVideo, outcome: Outcome, bronze: BronzeVideo | None
    ) -> None:
        write_outcome(connection, claimed.message_id, outcome, bronze)
        batch = lock_batch(connection, claimed.batch_id)
        if batch is None or (batch["attempt"], batch["run_id"]) != (claimed.attempt, claimed.run_id):
            raise _NotOurs
        if bronze is not None:
            keep_known(connection, bronze, outcome)
        finish_batch(connection, claimed.batch_id, self._compose)

    def _retraction(self, video: VideoKey, work: WorkIdentity) -> Retraction | None:
        with transaction(self._uri) as connection:
            raised = row(connection, _RAISE, (work.asset_id,))
            still = row(connection, f"{_RELEASED} AND {IS_WORK}", (*video, *columns(work)))
            if raised is None or still is None:
                return None
            points = rows(connection, _POINTS, columns(work))
            ids = tuple(point["point_id"] for point in points)
            return Retraction(work, raised["generation"], holders(connection, work), ids)
