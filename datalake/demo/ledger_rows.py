"""What the ledger knows about the demo's messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from datalake.adapters import postgres
from datalake.demo.messages import DemoMessage

_MESSAGES = """
SELECT l.payload_sha256, l.outcome, l.reason, l.received_at, l.finished_at, b.run_id, l.batch_id,
       d.published_at AS letter_published_at, d.message_id IS NOT NULL AS has_letter
FROM ledger l LEFT JOIN batches b USING (batch_id) LEFT JOIN dead_letters d USING (message_id)
WHERE l.payload_sha256 = ANY(%s)
"""
_UNSENT_MAILS = "SELECT count(*) AS unsent FROM notifications WHERE batch_id = ANY(%s) AND state <> 'sent'"
_COUNTS = """
SELECT (SELECT count(*) FROM videos) AS videos, (SELECT count(*) FROM assets) AS assets,
       (SELECT count(*) FROM frames) AS frames,
       (SELECT count(*) FROM frames WHERE point_id IS NOT NULL) AS "kept frames",
       (SELECT count(*) FROM dead_letters) AS "dead letters", (SELECT count(*) FROM notifications) AS mails
"""


@dataclass(frozen=True)
class MessageState:
    """One message's row, and what hangs on it."""

    outcome: str | None
    reason: str | None
    received_at: datetime
    finished_at: datetime | None
    run_id: str | None
    batch_id: UUID | None
    has_letter: bool
    letter_published_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """How far the demo's messages are; `states` is keyed by payload hash."""

    sent: int
    states: dict[str, MessageState]
    unsent_mails: int

    @property
    def finished(self) -> int:
        """Messages with an outcome."""
        return sum(state.outcome is not None for state in self.states.values())

    @property
    def unpublished_letters(self) -> int:
        """Dead letters that wait in the outbox."""
        return sum(state.has_letter and state.letter_published_at is None for state in self.states.values())

    @property
    def is_complete(self) -> bool:
        """True when every message ended, every letter is published and every mail sent."""
        return self.finished == self.sent and not self.unpublished_letters and not self.unsent_mails


def progress(uri: str, sent: Sequence[DemoMessage]) -> Progress:
    """Look once.

    Args:
        uri: of the database `video_db`.
        sent: the messages.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with postgres.transaction(uri) as connection:
        found = postgres.rows(connection, _MESSAGES, ([message.sha256 for message in sent],))
        states = {row.pop("payload_sha256"): MessageState(**row) for row in found}
        batches = list({state.batch_id for state in states.values() if state.batch_id})
        unsent = postgres.row(connection, _UNSENT_MAILS, (batches,))
    return Progress(len(sent), states, unsent["unsent"] if unsent else 0)


def counts(uri: str) -> dict[str, int]:
    """Rows of the tables a user asks about."""
    with postgres.transaction(uri) as connection:
        return postgres.row(connection, _COUNTS) or {}
