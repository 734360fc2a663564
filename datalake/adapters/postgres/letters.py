"""The dead-letter outbox in PostgreSQL: letters that are due, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from datalake.adapters import postgres
from datalake.adapters.postgres import Connection
from datalake.adapters.postgres.ledger import Coordinates

PAGE_LETTERS = 100
PAGE_BYTES = 16 * 1024**2
_LETTERS = """
SELECT d.message_id, d.reason, d.detail, l.topic, l.cluster_id, l.topic_id, l.partition, l.message_offset,
       l.payload, l.payload_sha256
FROM dead_letters d JOIN ledger l USING (message_id)
"""
_TAKE = f"""
{_LETTERS}
WHERE d.published_at IS NULL AND d.message_id IN (
    SELECT message_id FROM (
        SELECT message_id, sum(size) OVER (ORDER BY created_at, partition, message_offset, message_id) - size
            AS bytes_before FROM (
            SELECT d.message_id, d.created_at, l.partition, l.message_offset,
                coalesce(octet_length(l.payload), 0) AS size
            FROM dead_letters d JOIN ledger l USING (message_id)
            WHERE d.published_at IS NULL AND d.next_attempt_at <= now()
            ORDER BY d.created_at, l.partition, l.message_offset, d.message_id LIMIT %s) AS oldest) AS page
    WHERE bytes_before < %s)
ORDER BY d.created_at, l.partition, l.message_offset, d.message_id FOR UPDATE OF d SKIP LOCKED
"""
_PUBLISHED = """
UPDATE dead_letters SET published_at = now(), without_body = %s, attempts = attempts + 1, last_error = NULL
WHERE message_id = %s
"""
_PUT_OFF = """
UPDATE dead_letters SET attempts = attempts + 1, last_error = %s,
    next_attempt_at = now()
        + least(3600, 5 * power(2, least(attempts, 20))) * (0.5 + random() / 2) * interval '1 second'
WHERE message_id = %s
"""
_DUE = "SELECT FROM dead_letters WHERE published_at IS NULL AND next_attempt_at <= now() LIMIT 1"


@dataclass(frozen=True)
class Letter:
    """One message for the dead-letter topic, with its original bytes."""

    message_id: UUID
    coordinates: Coordinates
    topic: str
    reason: str
    detail: str
    payload: bytes | None = field(repr=False)
    payload_sha256: str


def take_due(connection: Connection) -> list[Letter]:
    """The oldest due letters that nobody else has, about 16 MB of them, locked until the transaction ends."""
    return [_letter(found) for found in postgres.rows(connection, _TAKE, (PAGE_LETTERS, PAGE_BYTES))]


def letter(connection: Connection, message_id: UUID) -> Letter | None:
    """The letter of this message; None when it has none."""
    found = postgres.row(connection, f"{_LETTERS} WHERE d.message_id = %s", (message_id,))
    return None if found is None else _letter(found)


def _letter(found: dict[str, Any]) -> Letter:
    where = Coordinates(found["cluster_id"], found["topic_id"], found["partition"], found["message_offset"])
    payload = None if found["payload"] is None else bytes(found["payload"])
    return Letter(
        found["message_id"],
        where,
        found["topic"],
        found["reason"],
        found["detail"],
        payload,
        found["payload_sha256"],
    )


def record_published(connection: Connection, message_id: UUID, without_body: bool) -> None:
    """Note that the broker has the letter."""
    postgres.execute(connection, _PUBLISHED, (without_body, message_id))


def put_off(connection: Connection, message_id: UUID, error: str) -> None:
    """Note a failure; the next try comes after a back-off."""
    postgres.execute(connection, _PUT_OFF, (error, message_id))


def is_any_due(connection: Connection) -> bool:
    """True when a letter waits to be sent."""
    return postgres.row(connection, _DUE) is not None
