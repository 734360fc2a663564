"""The end of a batch in PostgreSQL: its outcomes, its last one, and the mails that it brings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from uuid import UUID

from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from datalake.adapters.ports import BatchReport, Compose, VideoFigures, VideoReport
from datalake.adapters.postgres import execute, row, rows
from datalake.adapters.postgres.statements import statement
from datalake.adapters.postgres.versions import DEAD_LETTER_KINDS, letter
from datalake.contracts import BronzeVideo, Outcome

_FORGET_PROGRESS = "UPDATE video_attempts SET progress = NULL WHERE message_id = %s AND progress IS NOT NULL"


def write_outcome(
    connection: Connection, message_id: UUID, outcome: Outcome, bronze: BronzeVideo | None = None
) -> None:
    """Write a message's outcome, with a dead letter where one is due; the caller holds the ledger row."""
    findings = [finding.model_dump(mode="json") for finding in outcome.findings]
    source = bronze.source.model_dump(mode="json") if bronze and bronze.source else None
    values: dict[str, Any] = {"message_id": message_id, "kind": outcome.kind}
    values |= {"asset_id": bronze.asset_id if bronze else None, "source": Json(source) if source else None}
    values |= {"reason": outcome.reason, "detail": outcome.detail, "findings": Json(findings)}
    execute(connection, statement("catalog/write_outcome"), values)
    execute(connection, _FORGET_PROGRESS, (message_id,))
    if outcome.kind in DEAD_LETTER_KINDS:
        reason, detail = letter(outcome)
        values = {"message_id": message_id, "reason": reason, "detail": detail}
        execute(connection, statement("catalog/write_dead_letter"), values)


def lock_batch(connection: Connection, batch_id: UUID) -> dict[str, Any] | None:
    """The batch row, locked until the end of the transaction; lock it after the ledger rows."""
    return row(connection, "SELECT * FROM batches WHERE batch_id = %s FOR NO KEY UPDATE", (batch_id,))


def finish_batch(connection: Connection, batch_id: UUID, compose: Compose) -> bool:
    """Close the batch when its last message has an outcome, and put its mails into the outbox.

    Call it at the end of every transaction that writes outcomes, whoever writes them: of transactions that
    end at once, the lock lets exactly one see the last outcome.

    Returns:
        True when this call closed the batch.
    """
    batch = lock_batch(connection, batch_id)
    if batch is None or batch["finished_at"] is not None:
        return False
    # A statement of its own: it has to see what was committed while the lock was waited for.
    if (
        row(connection, "SELECT FROM ledger WHERE batch_id = %s AND outcome IS NULL LIMIT 1", (batch_id,))
        is not None
    ):
        return False
    execute(connection, "UPDATE batches SET finished_at = now() WHERE batch_id = %s", (batch_id,))
    found = rows(connection, statement("catalog/batch_report"), (batch_id,))
    balance = row(connection, "SELECT messages, reopened FROM batch_balance WHERE batch_id = %s", (batch_id,))
    assert balance is not None  # the batch is locked
    videos = tuple(_video_report(record) for record in found)
    report = BatchReport(batch_id, batch["run_id"], videos, **balance)
    for mail in compose(report):
        values = {"batch_id": batch_id, "alert_key": None, **vars(mail)}
        execute(connection, statement("mail/insert_notification"), values)
    return True


def _video_report(record: dict[str, Any]) -> VideoReport:
    place = f"message at offset {record['message_offset']} in partition {record['partition']}"
    known = record["video_id"] is not None
    outcome = Outcome(
        kind=record["outcome"], reason=record["reason"], detail=record["detail"], findings=record["findings"]
    )
    return VideoReport(
        label=f"{record['platform']}/{record['video_id']}" if known else f"{place} of {record['topic']}",
        uri=record["uri"] or "",
        outcome=outcome,
        notify=tuple(record["notify"]),
        figures=_figures(record) if record["is_current"] else None,
        message_id=record["message_id"],
        reopened=record["reopened"],
    )


def _figures(record: dict[str, Any]) -> VideoFigures:
    return VideoFigures(**{figure.name: record[figure.name] for figure in fields(VideoFigures)})
