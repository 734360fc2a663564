"""The SQL of reopening: which messages ended how, and how such a message gets another batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from datalake.adapters.postgres import Connection, execute, row, rows, transaction
from datalake.adapters.postgres.ledger import Coordinates, LedgerRow, count_in, milliseconds
from datalake.adapters.postgres.statements import statement

_COLUMNS = "message_id, outcome, coalesce(reason, outcome) AS reason, finished_at"
_LOCK = f"SELECT {_COLUMNS} FROM ledger WHERE message_id = ANY(%s::uuid[]) ORDER BY message_id FOR UPDATE"
_OF_CLASS = f"""
SELECT {_COLUMNS} FROM ledger
WHERE outcome IN ('rejected', 'quarantined', 'failed', 'cancelled')
AND (coalesce(reason, outcome) = %(class)s OR outcome = %(class)s)
AND (%(since_h)s::double precision IS NULL OR finished_at >= now() - %(since_h)s * interval '1 hour')
ORDER BY received_at, partition, message_offset, message_id
"""
_CLASSES = "SELECT outcome, reason, messages FROM failure_reasons ORDER BY messages DESC, reason"
_MESSAGE = """
SELECT message_id, cluster_id, topic_id, partition, message_offset, topic, message_key, payload,
       payload_sha256, broker_timestamp FROM ledger WHERE message_id = %s
"""
_FORGET_ATTEMPTS = "DELETE FROM video_attempts WHERE message_id = ANY(%s::uuid[])"
_FORGET_CONTENT = """
DELETE FROM known_content WHERE asset_id IN (SELECT asset_id FROM ledger WHERE message_id = ANY(%s::uuid[]))
"""


@dataclass(frozen=True)
class Ending:
    """How and when a message ended; no outcome while it is in progress."""

    message_id: UUID
    outcome: str | None
    reason: str | None
    finished_at: datetime | None


@dataclass(frozen=True)
class FailureClass:
    """How many messages ended so."""

    outcome: str
    reason: str
    messages: int


def endings_of_class(uri: str, code: str, since_h: float | None = None) -> list[Ending]:
    """Messages that failed with this reason or outcome, in the order they were read.

    Args:
        uri: of the database.
        code: a reason, or one of rejected, quarantined, failed, cancelled.
        since_h: only those that ended in the last so many hours.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        return [Ending(**found) for found in rows(connection, _OF_CLASS, {"class": code, "since_h": since_h})]


def failure_classes(uri: str) -> list[FailureClass]:
    """Why messages failed, the most frequent first.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        return [FailureClass(**found) for found in rows(connection, _CLASSES)]


def lock(connection: Connection, message_ids: Sequence[UUID]) -> dict[UUID, Ending]:
    """How the messages stand now; nobody else changes that before the transaction ends."""
    found = [Ending(**record) for record in rows(connection, _LOCK, (list(message_ids),))]
    return {ending.message_id: ending for ending in found}


def message(connection: Connection, message_id: UUID) -> LedgerRow:
    """A message with its original bytes, as it was before anybody tried to understand it."""
    found = row(connection, _MESSAGE, (message_id,))
    assert found is not None  # the caller holds the row
    return LedgerRow(
        message_id,
        Coordinates(found["cluster_id"], found["topic_id"], found["partition"], found["message_offset"]),
        found["topic"],
        _bytes(found["message_key"]),
        _bytes(found["payload"]),
        found["payload_sha256"],
        milliseconds(found["broker_timestamp"]),
    )


def reopen(connection: Connection, batch_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Make ended messages unfinished ones of this batch; the caller holds their rows.

    The outcome goes into the history and the dead letter goes away, so that the next outcome brings its own.
    """
    values = {"batch_id": batch_id, "message_ids": list(message_ids)}
    execute(connection, statement("ledger/reopen"), values)
    count_in(connection, batch_id, len(message_ids))
    execute(connection, _FORGET_ATTEMPTS, (values["message_ids"],))


def forget_content(connection: Connection, message_ids: Sequence[UUID]) -> None:
    """Forget what is known about the bytes of these messages' videos, so that they are looked at again."""
    execute(connection, _FORGET_CONTENT, (list(message_ids),))


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
