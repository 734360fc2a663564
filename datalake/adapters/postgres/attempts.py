"""The SQL of batches under way: what is unfinished, whose attempt it is, when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from datalake.adapters import postgres
from datalake.adapters.postgres import Connection
from datalake.contracts import ClaimedVideo, VideoArrived

MAX_DUE = 500
_DUE = """
SELECT b.batch_id, b.source, b.attempt, b.run_id, b.code_errors
FROM batches b WHERE EXISTS (SELECT FROM ledger l WHERE l.batch_id = b.batch_id AND l.outcome IS NULL)
AND b.next_attempt_at <= now()
ORDER BY b.source = 'replay', b.created_at LIMIT %s
"""
_UNFINISHED = """
SELECT l.message_id, l.version, l.partition, l.message_offset, l.arrived
FROM ledger l JOIN batches b USING (batch_id)
WHERE b.batch_id = %s AND b.attempt = %s AND b.run_id = %s AND l.outcome IS NULL
ORDER BY l.partition, l.message_offset
"""
_COUNT_UNFINISHED = "SELECT count(*) AS unfinished FROM ledger WHERE batch_id = %s AND outcome IS NULL"
_NEXT_ATTEMPT = """
UPDATE batches SET attempt = attempt + 1, run_id = %s, next_attempt_at = now() + %s * interval '1 second'
WHERE batch_id = %s AND attempt = %s
"""
_COUNT_CODE_ERROR = """
UPDATE batches SET code_errors = code_errors + 1, code_error_attempt = attempt, last_error = %s
WHERE batch_id = %s AND attempt = %s AND code_error_attempt < attempt
"""


@dataclass(frozen=True)
class OpenBatch:
    """A batch with unfinished messages."""

    batch_id: UUID
    source: str
    attempt: int
    run_id: str
    code_errors: int


def due_batches(connection: Connection) -> list[OpenBatch]:
    """Batches with unfinished messages whose back-off is over, oldest first; replays come last."""
    return [OpenBatch(**found) for found in postgres.rows(connection, _DUE, (MAX_DUE,))]


def unfinished(connection: Connection, batch_id: UUID, attempt: int, run_id: str) -> list[ClaimedVideo]:
    """Messages that this attempt has to work on; none when the batch is at another one.

    What a sender wrote beyond the contract stays in the ledger.
    """
    return [
        ClaimedVideo(
            message_id=found["message_id"],
            batch_id=batch_id,
            attempt=attempt,
            run_id=run_id,
            version=(found["version"], found["partition"], found["message_offset"]),
            arrived=VideoArrived.model_validate({**found["arrived"], "extra": {}}),
        )
        for found in postgres.rows(connection, _UNFINISHED, (batch_id, attempt, run_id))
    ]


def count_unfinished(connection: Connection, batch_id: UUID) -> int:
    """Messages of the batch that have no outcome."""
    found = postgres.row(connection, _COUNT_UNFINISHED, (batch_id,))
    return int(found["unfinished"]) if found else 0


def next_attempt(connection: Connection, batch: OpenBatch, run_id: str, delay_s: float) -> bool:
    """Move the batch to its next attempt; False when somebody did."""
    values = (run_id, delay_s, batch.batch_id, batch.attempt)
    return postgres.execute(connection, _NEXT_ATTEMPT, values) == 1


def count_code_error(connection: Connection, batch_id: UUID, attempt: int, error: str) -> bool:
    """Count an error of our code, once an attempt."""
    return postgres.execute(connection, _COUNT_CODE_ERROR, (error, batch_id, attempt)) == 1
