"""Does each batch balance? What came into it against what the ledger holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID

from datalake.adapters.postgres import rows, transaction
from datalake.adapters.postgres.statements import statement
from datalake.contracts import OutcomeKind
from datalake.equation import closing_equation
from datalake.errors import ConfigurationError


@dataclass(frozen=True)
class BatchBalance:
    """Where every message of a batch is.

    Attributes:
        source: kafka, ui or replay.
        finished_at: when the last message ended; None while some are in progress.
        messages: how many came into it, as counted when they came.
        outcomes: messages that ended, by outcome.
        in_progress: messages without an outcome.
        reopened: messages that ended here once and moved on to a later batch.
        balances: True when not one message is lost or counted twice.
    """

    batch_id: UUID
    source: str
    created_at: datetime
    finished_at: datetime | None
    messages: int
    outcomes: Mapping[str, int]
    in_progress: int
    reopened: int
    balances: bool

    @property
    def equation(self) -> str:
        """What came in and where it is, in a line."""
        rest = {"in progress": self.in_progress, "reopened": self.reopened}
        return closing_equation(self.messages, self.outcomes, rest)


def newest_batches(uri: str, count: int) -> list[BatchBalance]:
    """The newest batches, newest first.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    return _batches(uri, None, count)


def one_batch(uri: str, batch_id: UUID) -> BatchBalance:
    """One batch.

    Raises:
        ConfigurationError: there is no such batch.
        DatabaseUnavailable: PostgreSQL is away.
    """
    found = _batches(uri, batch_id, 1)
    if not found:
        raise ConfigurationError(
            f"there is no batch {batch_id}: `datalake ledger --batches 20` shows the newest"
        )
    return found[0]


def _batches(uri: str, batch_id: UUID | None, limit: int) -> list[BatchBalance]:
    values = {"batch_id": batch_id, "limit": limit}
    with transaction(uri) as connection:
        found = rows(connection, statement("ledger/batch_balances"), values)
    return [
        BatchBalance(outcomes={kind: batch.pop(kind) for kind in get_args(OutcomeKind)}, **batch)
        for batch in found
    ]
