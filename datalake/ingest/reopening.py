"""Reopens ended messages in batches of their own; nothing goes through Kafka again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from datalake.adapters.postgres import Connection, ledger, reopening, transaction
from datalake.adapters.postgres.reopening import Ending
from datalake.adapters.postgres.savepoint import savepoint
from datalake.common_func import run_id_of
from datalake.crash_points import crash_point
from datalake.errors import BadMessage
from datalake.ingest.events import judged
from datalake.ingest.messages import parse
from datalake.ingest.reading import Limits


@dataclass(frozen=True)
class Reopened:
    """What one transaction did.

    Attributes:
        batch_id: batch of the reopened messages; None when there are none.
        endings: how the reopened messages had ended.
        left: why the other messages stay as they are, and how many for each reason.
    """

    batch_id: UUID | None
    endings: tuple[Ending, ...]
    left: Counter[str]


def reopen(
    uri: str, endings: Sequence[Ending], limits: Limits, is_forced: bool = False
) -> Iterator[Reopened]:
    """Have messages worked on again, a batch of at most `limits.messages` in each transaction.

    Only a message that still stands as it was chosen is reopened: of two callers at once, one does it.

    Args:
        uri: of the database.
        endings: the messages, as they were found.
        limits: how large a batch gets, and what is accepted of a message that was rejected.
        is_forced: also forget what is known about the videos' bytes.

    Raises:
        DatabaseUnavailable: PostgreSQL is away; what was given out before stands.
    """
    for start in range(0, len(endings), limits.messages):
        chosen = endings[start : start + limits.messages]
        with transaction(uri) as connection:
            reopened = _reopened(connection, chosen, limits, is_forced)
        yield reopened


def _reopened(connection: Connection, chosen: Sequence[Ending], limits: Limits, is_forced: bool) -> Reopened:
    found = reopening.lock(connection, [ending.message_id for ending in chosen])
    obstacles = {
        ending.message_id: _obstacle(connection, ending, found.get(ending.message_id), limits)
        for ending in chosen
    }
    open_again = tuple(ending for ending in chosen if obstacles[ending.message_id] is None)
    left = Counter(obstacle for obstacle in obstacles.values() if obstacle is not None)
    if not open_again:
        return Reopened(None, (), left)
    batch_id, message_ids = uuid4(), [ending.message_id for ending in open_again]
    ledger.insert_batch(connection, batch_id, "replay", run_id_of(batch_id, attempt=1))
    reopening.reopen(connection, batch_id, message_ids)
    if is_forced:
        reopening.forget_content(connection, message_ids)
    crash_point("reopen.after_rows")
    return Reopened(batch_id, open_again, left)


def _obstacle(connection: Connection, chosen: Ending, now: Ending | None, limits: Limits) -> str | None:
    """Why the message stays as it is; None when it can be work, and then its record is written."""
    if now is None:
        return "not in the ledger"
    if now.outcome is None:
        return "in progress"
    if now.outcome in ("done", "duplicate"):
        return now.outcome
    if now != chosen:
        return "ended anew in the meantime"
    if now.outcome != "rejected":
        return None
    try:
        with savepoint(connection):
            _understand(connection, chosen.message_id, limits)
    except BadMessage as bad:
        return f"still rejected: {bad.reason}"
    return None


def _understand(connection: Connection, message_id: UUID, limits: Limits) -> None:
    """Write the record of a message that could not be read when it came.

    Raises:
        BadMessage: it still cannot, or its event belongs to another message.
    """
    message = reopening.message(connection, message_id)
    row = message.with_record(parse(message.payload, limits.strict, limits.message_bytes))
    ended = judged(row, ledger.note_events(connection, [row]))
    if ended.reason is not None:
        raise BadMessage(ended.reason, ended.detail or "")
    ledger.store_record(connection, row)
