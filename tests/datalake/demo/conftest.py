from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from rich.console import Console

from datalake.adapters.postgres import execute, transaction
from datalake.demo.ledger_rows import MessageState
from datalake.demo.messages import DemoMessage

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def a_message(name: str, *expected: str, reason: str | None = None) -> DemoMessage:
    return DemoMessage(name, f"payload of {name}".encode(), expected or ("done",), reason)


def a_state(outcome: str | None, reason: str | None = None, **changes: object) -> MessageState:
    """A row; ended at once where there is an outcome."""
    fields = {
        "received_at": NOON,
        "finished_at": NOON if outcome else None,
        "run_id": "run",
        "batch_id": None,
        "has_letter": False,
        "letter_published_at": None,
    }
    return MessageState(outcome, reason, **{**fields, **changes})


class Ledger:
    """A database into which messages are put, as claim and gold would."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._offset = 0

    def execute(self, sql: str, *parameters: object) -> None:
        with transaction(self.uri) as connection:
            execute(connection, sql, parameters)

    def batch(self, run_id: str = "run") -> UUID:
        batch_id = uuid4()
        self.execute(
            "INSERT INTO batches (batch_id, source, run_id) VALUES (%s, 'kafka', %s)", str(batch_id), run_id
        )
        return batch_id

    def claimed(self, message: DemoMessage, batch_id: UUID | None = None) -> str:
        """The message's id."""
        self._offset += 1
        message_id = str(uuid4())
        self.execute(
            "INSERT INTO ledger (message_id, cluster_id, topic_id, partition, message_offset, topic, "
            "payload_sha256, batch_id) VALUES (%s, 'c', 't', 0, %s, 'video.arrived', %s, %s)",
            message_id,
            self._offset,
            hashlib.sha256(message.payload).hexdigest(),
            str(batch_id) if batch_id else None,
        )
        return message_id

    def ended(self, message_id: str, outcome: str, reason: str | None = None) -> None:
        sql = "UPDATE ledger SET outcome = %s, reason = %s, finished_at = now() WHERE message_id = %s"
        self.execute(sql, outcome, reason, message_id)

    def letter(self, message_id: str) -> None:
        self.execute(
            "INSERT INTO dead_letters (message_id, reason, detail) VALUES (%s, 'r', 'd')", message_id
        )

    def mail(self, batch_id: UUID) -> None:
        self.execute(
            "INSERT INTO notifications (batch_id, recipient, mail_message_id, subject, body_text, body_html) "
            "VALUES (%s, 'a@b.c', %s, 's', 't', 'h')",
            str(batch_id),
            str(uuid4()),
        )


@pytest.fixture
def ledger(postgres_uri: str) -> Ledger:
    return Ledger(postgres_uri)


@pytest.fixture
def console() -> Console:
    """Wide and without a terminal; `export_text()` is what was printed."""
    return Console(record=True, width=200, force_terminal=False, quiet=False)
