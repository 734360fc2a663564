"""Dead letters as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from datalake.adapters.postgres import Connection, execute, row, rows, transaction
from datalake.adapters.postgres.letters import Letter, letter
from datalake.adapters.postgres.reopening import Ending
from datalake.errors import ConfigurationError

MIN_PREFIX_CHARS = 4
_MOST_NAMED = 5
_WANTED = """
d.dropped_at IS NULL AND (%(reason)s::text IS NULL OR d.reason = %(reason)s)
AND (%(outcome)s::text IS NULL OR l.outcome = %(outcome)s)
"""
_NEWEST = f"""
SELECT d.message_id, l.platform, l.video_id, l.topic, l.partition, l.message_offset, l.outcome, d.reason,
       d.detail, d.created_at, d.published_at,
       extract(epoch FROM now() - d.created_at)::double precision AS age_s
FROM dead_letters d JOIN ledger l USING (message_id)
WHERE {_WANTED} ORDER BY d.created_at DESC, d.message_id LIMIT %(limit)s
"""
_ENDING = "message_id, l.outcome, coalesce(l.reason, l.outcome) AS reason, l.finished_at"
_ENDINGS = f"""
SELECT {_ENDING} FROM dead_letters d JOIN ledger l USING (message_id)
WHERE {_WANTED} ORDER BY l.received_at, l.partition, l.message_offset, message_id
"""
_NAMED = f"""
SELECT {_ENDING}, d.message_id IS NOT NULL AS has_letter
FROM ledger l LEFT JOIN dead_letters d USING (message_id)
WHERE message_id BETWEEN %s AND %s ORDER BY has_letter DESC, message_id LIMIT %s
"""
_MESSAGE = """
SELECT l.*, d.created_at AS letter_written_at, d.published_at AS letter_published_at, d.without_body,
       d.attempts, d.last_error, d.dropped_at
FROM ledger l LEFT JOIN dead_letters d USING (message_id) WHERE message_id = %s
"""
_DROP = "UPDATE dead_letters SET dropped_at = now() WHERE message_id = ANY(%s::uuid[]) AND dropped_at IS NULL"


@dataclass(frozen=True)
class LetterLine:
    """One dead letter; `video` names its coordinates where the message was not understood."""

    message_id: UUID
    video: str
    outcome: str
    reason: str
    detail: str
    created_at: datetime
    published_at: datetime | None
    age_s: float


def newest_letters(
    uri: str, limit: int, reason: str | None = None, outcome: str | None = None
) -> list[LetterLine]:
    """The newest dead letters first, without those that were dropped.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    values = {"limit": limit, "reason": reason, "outcome": outcome}
    with transaction(uri) as connection:
        return [_line(found) for found in rows(connection, _NEWEST, values)]


def listed_endings(uri: str, reason: str | None = None) -> list[Ending]:
    """How the messages of all listed letters ended, in the order they were read.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        return [Ending(**found) for found in rows(connection, _ENDINGS, {"reason": reason, "outcome": None})]


def named_ending(uri: str, name: str) -> Ending:
    """The message that a person names by its id or the beginning of it; one with a letter comes first.

    Raises:
        ConfigurationError: no message is called so, or several are.
        DatabaseUnavailable: PostgreSQL is away.
    """
    digits = name.replace("-", "").lower()
    if not MIN_PREFIX_CHARS <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        raise ConfigurationError(
            f"{name!r} is no message id: give at least its first {MIN_PREFIX_CHARS} hex digits"
        )
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    with transaction(uri) as connection:
        found = rows(connection, _NAMED, (first, last, _MOST_NAMED + 1))
    if not found:
        raise ConfigurationError(f"no message in the ledger has an id that begins with {name}")
    letters = [record for record in found if record.pop("has_letter")]
    if len(candidates := letters or found) > 1:
        ids = ", ".join(str(record["message_id"]) for record in candidates[:_MOST_NAMED])
        more = " and more" if len(candidates) > _MOST_NAMED else ""
        raise ConfigurationError(f"{name} is ambiguous, it may be {ids}{more}")
    return Ending(**candidates[0])


def letter_and_message(uri: str, message_id: UUID) -> tuple[Letter | None, dict[str, Any]]:
    """A dead letter, None where there is none, and the message's ledger row with the state of the letter.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        return letter(connection, message_id), _message(connection, message_id)


def drop_letters(uri: str, message_ids: Sequence[UUID]) -> int:
    """Take letters off the list; how many that were on it.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        return execute(connection, _DROP, (list(message_ids),))


def _line(found: dict[str, Any]) -> LetterLine:
    platform, video_id = found.pop("platform"), found.pop("video_id")
    topic, partition, offset = (found.pop(name) for name in ("topic", "partition", "message_offset"))
    video = f"{platform}/{video_id}" if video_id else f"{topic}[{partition}] offset {offset}"
    return LetterLine(video=video, **found)


def _message(connection: Connection, message_id: UUID) -> dict[str, Any]:
    found = row(connection, _MESSAGE, (message_id,))
    assert found is not None  # rows of the ledger are never deleted
    binary = (name for name in ("message_key", "payload") if found[name] is not None)
    return found | {name: bytes(found[name]) for name in binary}
