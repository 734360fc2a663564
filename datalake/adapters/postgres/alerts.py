"""The SQL of alerts: raised once, told once, resolved in the end. All inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from datalake.adapters import postgres
from datalake.adapters.ports import Alert, AlertKind, Mail
from datalake.adapters.postgres import Connection
from datalake.adapters.postgres.statements import statement

_COLUMNS = "key, kind, subject, detail, raises, raised_at"
_OPEN = f"SELECT {_COLUMNS} FROM alerts WHERE resolved_at IS NULL ORDER BY raised_at, key"
_UNTOLD = f"""
SELECT {_COLUMNS} FROM alerts WHERE resolved_at IS NULL AND told_at IS NULL ORDER BY raised_at, key FOR UPDATE
"""
_IS_UNTOLD = "SELECT FROM alerts WHERE resolved_at IS NULL AND told_at IS NULL LIMIT 1"
_TOLD = "UPDATE alerts SET told_at = now() WHERE key = %s"
_SEEN = "UPDATE alerts SET last_seen_at = now() WHERE resolved_at IS NULL"
_RESOLVE = "UPDATE alerts SET resolved_at = now() WHERE key = ANY(%s) AND resolved_at IS NULL"
_OPEN_KEYS = "SELECT key FROM alerts WHERE kind = %s AND resolved_at IS NULL"


@dataclass(frozen=True)
class StuckBatch:
    """The oldest batch with unfinished messages, when no batch has gone on for too long.

    Attributes:
        progress_at: when something moved last, in whichever batch.
        messages: that came into it.
        unfinished: of these, without an outcome.
    """

    batch_id: UUID
    run_id: str
    attempt: int
    last_error: str | None
    progress_at: datetime
    messages: int
    unfinished: int


def raise_alert(connection: Connection, key: str, kind: AlertKind, subject: str, detail: str) -> bool:
    """Open an alert; False when it is open already, and stays as it is."""
    values = {"key": key, "kind": kind, "subject": subject, "detail": detail}
    return postgres.execute(connection, statement("alerts/raise"), values) == 1


def resolve(connection: Connection, keys: Collection[str]) -> int:
    """Close these alerts; how many were open."""
    return postgres.execute(connection, _RESOLVE, (list(keys),)) if keys else 0


def open_alerts(connection: Connection) -> list[Alert]:
    """What a person has to look at, oldest first."""
    return [Alert(**found) for found in postgres.rows(connection, _OPEN)]


def open_keys(connection: Connection, kind: AlertKind) -> set[str]:
    """Keys of the open alerts of a kind."""
    return {found["key"] for found in postgres.rows(connection, _OPEN_KEYS, (kind,))}


def note_seen(connection: Connection) -> None:
    """Note that the open alerts hold still."""
    postgres.execute(connection, _SEEN)


def is_any_untold(connection: Connection) -> bool:
    """True when the mail of an open alert is not in the outbox yet."""
    return postgres.row(connection, _IS_UNTOLD) is not None


def lock_untold(connection: Connection) -> list[Alert]:
    """Open alerts whose mail is not in the outbox yet, locked until the transaction ends."""
    return [Alert(**found) for found in postgres.rows(connection, _UNTOLD)]


def tell(connection: Connection, alert: Alert, mails: Sequence[Mail]) -> None:
    """Put the mails of an alert into the outbox, and note that it is told."""
    for mail in mails:
        values = {"batch_id": None, "alert_key": alert.key, **vars(mail)}
        postgres.execute(connection, statement("mail/insert_notification"), values)
    postgres.execute(connection, _TOLD, (alert.key,))


def stuck_batch(connection: Connection, stuck_after_s: float) -> StuckBatch | None:
    """The oldest unfinished batch, if none has made progress for so many seconds; a try is none."""
    found = postgres.row(connection, statement("alerts/stuck_batch"), {"stuck_after_s": stuck_after_s})
    return StuckBatch(**found) if found else None
