"""The ledger's SQL: rows for every message, events, dead letters. All inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg2.extras import execute_values

from datalake.adapters import postgres
from datalake.adapters.postgres import Connection
from datalake.adapters.postgres.savepoint import savepoint
from datalake.contracts import OutcomeKind, VideoArrived
from datalake.errors import BadMessage

PAGE_ROWS = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSERT = """
INSERT INTO ledger (message_id, cluster_id, topic_id, partition, message_offset, topic, message_key, payload,
    payload_sha256, broker_timestamp, event_id, platform, video_id, version, arrived,
    outcome, reason, detail, finished_at, batch_id) VALUES %s
"""
_FINISH = """
UPDATE ledger SET outcome = v.outcome, reason = v.reason, detail = v.detail, finished_at = now()
FROM (VALUES %s) AS v (message_id, outcome, reason, detail) WHERE ledger.message_id = v.message_id
"""
_STORE_RECORD = """
UPDATE ledger SET (event_id, platform, video_id, version, arrived) = (%s, %s, %s, %s, %s)
WHERE message_id = %s
"""
_NOTE_EVENTS = """
INSERT INTO events (event_id, payload_sha256, message_id) VALUES %s ON CONFLICT (event_id) DO NOTHING
"""
_WRITE_LETTERS = """
INSERT INTO dead_letters (message_id, reason, detail) VALUES %s ON CONFLICT (message_id) DO NOTHING
"""
_INSERT_BATCH = "INSERT INTO batches (batch_id, source, run_id) VALUES (%s, %s, %s)"
_OPEN_BATCH = f"{_INSERT_BATCH} ON CONFLICT (run_id) DO NOTHING"
_BATCH_OF_RUN = """
SELECT batch_id FROM (
    SELECT batch_id, source FROM batches WHERE run_id = %(run_id)s
    UNION
    SELECT b.batch_id, b.source FROM ledger JOIN batches b USING (batch_id)
    WHERE cluster_id = 'ui' AND topic_id = %(run_id)s) AS found
ORDER BY source = 'replay' LIMIT 1
"""
_CLOSE = """
UPDATE batches SET finished_at = now() WHERE batch_id = %s
AND NOT EXISTS (SELECT FROM ledger WHERE batch_id = batches.batch_id AND outcome IS NULL)
"""
_GIVE_BATCH = "UPDATE ledger SET batch_id = %s WHERE message_id = ANY(%s::uuid[])"
_COUNT_IN = "UPDATE batches SET messages = messages + %s WHERE batch_id = %s"


@dataclass(frozen=True)
class Coordinates:
    """Where a message is; its id is a uuid5 of this."""

    cluster_id: str
    topic_id: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.cluster_id}/{self.topic_id}/{self.partition}/{self.offset}"


@dataclass(frozen=True)
class LedgerRow:
    """One message on its way into the ledger; an outcome is set when it ends there."""

    message_id: UUID
    coordinates: Coordinates
    topic: str
    key: bytes | None = field(repr=False)
    payload: bytes | None = field(repr=False)
    payload_sha256: str
    timestamp_ms: int | None
    arrived: VideoArrived | None = None
    outcome: OutcomeKind | None = None
    reason: str | None = None
    detail: str | None = None
    batch_id: UUID | None = None

    def with_record(self, arrived: VideoArrived) -> LedgerRow:
        """The same message, understood."""
        return replace(self, arrived=arrived)

    def ended(self, outcome: OutcomeKind, reason: str, detail: str) -> LedgerRow:
        """The same message with an outcome."""
        return replace(self, outcome=outcome, reason=reason, detail=detail)

    @property
    def version(self) -> int:
        """Orders messages about one video: what the sender gave, or the broker's milliseconds."""
        if self.arrived is not None and self.arrived.version is not None:
            return self.arrived.version
        return max(0, self.timestamp_ms or 0)


def insert_rows(connection: Connection, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Write all rows; one that the database refuses is written as rejected, its bytes kept.

    Returns:
        The rows as written.
    """
    if not rows:
        return []
    try:
        _insert(connection, rows)
    except BadMessage:
        return [_row_or_rejection(connection, row) for row in rows]
    return list(rows)


def store_record(connection: Connection, row: LedgerRow) -> None:
    """Write the record of a message that is in the ledger and is understood only now."""
    postgres.execute(connection, _STORE_RECORD, (*_record(row), row.message_id))


def _row_or_rejection(connection: Connection, row: LedgerRow) -> LedgerRow:
    try:
        _insert(connection, [row])
    except BadMessage as bad:
        rejected = replace(row, arrived=None).ended("rejected", bad.reason, bad.detail)
        _execute_values(connection, _INSERT, [_values(rejected)])
        return rejected
    return row


def _insert(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    with savepoint(connection):
        _execute_values(connection, _INSERT, map(_values, rows))


def _values(row: LedgerRow) -> tuple[Any, ...]:
    where = row.coordinates
    return (
        *(row.message_id, where.cluster_id, where.topic_id, where.partition, where.offset, row.topic),
        *(row.key, row.payload, row.payload_sha256, broker_time(row.timestamp_ms)),
        *_record(row),
        *(row.outcome, row.reason, row.detail),
        datetime.now(UTC) if row.outcome else None,
        row.batch_id,
    )


def _record(row: LedgerRow) -> tuple[Any, ...]:
    """What the ledger holds of the record; NULLs where the message was not understood."""
    if (arrived := row.arrived) is None:
        return (None,) * 5
    return arrived.event_id, arrived.platform, arrived.video_id, row.version, arrived.model_dump_json()


def broker_time(timestamp_ms: int | None) -> datetime | None:
    """The broker's time; None when there is none, or a sender set one that no calendar has."""
    if timestamp_ms is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        return None


def milliseconds(time: datetime | None) -> int | None:
    """Milliseconds since 1970 of what `broker_time` gave."""
    return None if time is None else (time - _EPOCH) // timedelta(milliseconds=1)


def _execute_values(connection: Connection, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        execute_values(cursor, sql, list(values), page_size=PAGE_ROWS)


def known_hashes(connection: Connection, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Payload hashes of those messages that the ledger has already."""
    sql = "SELECT message_id, payload_sha256 FROM ledger WHERE message_id = ANY(%s::uuid[])"
    return {
        row["message_id"]: row["payload_sha256"]
        for row in postgres.rows(connection, sql, (list(message_ids),))
    }


def note_events(connection: Connection, rows: Sequence[LedgerRow]) -> Mapping[UUID, tuple[str, UUID]]:
    """Record each event id with its first message.

    Returns:
        For each event id the payload hash and the message it was first seen with.
    """
    events = [
        (row.arrived.event_id, row.payload_sha256, row.message_id) for row in rows if row.arrived is not None
    ]
    if not events:
        return {}
    _execute_values(connection, _NOTE_EVENTS, events)
    sql = "SELECT event_id, payload_sha256, message_id FROM events WHERE event_id = ANY(%s::uuid[])"
    seen = postgres.rows(connection, sql, ([event[0] for event in events],))
    return {row["event_id"]: (row["payload_sha256"], row["message_id"]) for row in seen}


def finish_rows(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    """Write the outcomes of rows that are in the ledger already."""
    if rows:
        _execute_values(
            connection, _FINISH, [(row.message_id, row.outcome, row.reason, row.detail) for row in rows]
        )


def write_letters(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    """Put a dead letter for each row into the outbox."""
    if rows:
        _execute_values(
            connection, _WRITE_LETTERS, [(row.message_id, row.reason, row.detail) for row in rows]
        )


def insert_batch(connection: Connection, batch_id: UUID, source: str, run_id: str) -> None:
    """Open a batch at its first attempt."""
    postgres.execute(connection, _INSERT_BATCH, (batch_id, source, run_id))


def give_to_batch(connection: Connection, batch_id: UUID, rows: Sequence[LedgerRow]) -> None:
    """Make the rows a batch's."""
    postgres.execute(connection, _GIVE_BATCH, (batch_id, [row.message_id for row in rows]))
    count_in(connection, batch_id, len(rows))


def count_in(connection: Connection, batch_id: UUID, messages: int) -> None:
    """Note that so many messages came into the batch: what its closing equation starts from."""
    postgres.execute(connection, _COUNT_IN, (messages, batch_id))


def open_batch_of_run(connection: Connection, batch_id: UUID, source: str, run_id: str) -> UUID:
    """The batch of this run: the one that was opened before, even if it has moved on, or a new one."""
    found = postgres.row(connection, _BATCH_OF_RUN, {"run_id": run_id})
    if found is None:
        postgres.execute(connection, _OPEN_BATCH, (batch_id, source, run_id))
        found = postgres.row(connection, _BATCH_OF_RUN, {"run_id": run_id})
    assert found is not None  # inserted just now, by us or by another
    return UUID(str(found["batch_id"]))


def close_batch_without_work(connection: Connection, batch_id: UUID) -> None:
    """Close a batch whose messages were all refused."""
    postgres.execute(connection, _CLOSE, (batch_id,))
