"""Cancels messages: they end at once, and whatever works on them stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datalake.adapters.ports import Compose
from datalake.adapters.postgres import Row, rows, transaction
from datalake.adapters.postgres.batches import finish_batch, write_outcome
from datalake.contracts import Outcome
from datalake.crash_points import crash_point
from datalake.errors import ConfigurationError

_CANCELLED = Outcome(kind="cancelled", reason="cancelled", detail="A person cancelled it.")
_NAMED = """
SELECT message_id, batch_id, platform, video_id, outcome FROM ledger
WHERE message_id::text = ANY(%(names)s) OR batch_id::text = ANY(%(names)s)
   OR video_id = ANY(%(names)s) OR platform || '/' || video_id = ANY(%(names)s)
ORDER BY message_id FOR UPDATE
"""


@dataclass(frozen=True)
class Cancellation:
    """What became of the messages that were named: those cancelled, and those that had ended, by label."""

    cancelled: tuple[str, ...]
    ended: tuple[str, ...]


def cancel(uri: str, compose: Compose, names: Sequence[str]) -> Cancellation:
    """End every open message that is named, in one transaction; the last one of a batch brings its mails.

    A task that works on one sees it within a second or two and kills the child that has the file.

    Args:
        uri: of the database.
        compose: renders the mails of a finished batch.
        names: message ids, batch ids, video ids, or `platform/video_id`.

    Raises:
        ConfigurationError: a name that the ledger does not know; nothing was cancelled.
    """
    with transaction(uri) as connection:
        found = rows(connection, _NAMED, {"names": list(names)})
        if unknown := [name for name in names if not any(name in _names(one) for one in found)]:
            raise ConfigurationError(
                f"the ledger knows no message, batch or video {', '.join(unknown)}: nothing was cancelled. "
                "A message that was not claimed yet is not in the ledger"
            )
        open_ones = [one for one in found if one["outcome"] is None]
        for one in open_ones:
            write_outcome(connection, one["message_id"], _CANCELLED)
        for batch_id in sorted({one["batch_id"] for one in open_ones}):
            finish_batch(connection, batch_id, compose)
        crash_point("cancel.before_commit")
    return Cancellation(
        tuple(_label(one) for one in open_ones),
        tuple(f"{_label(one)} ({one['outcome']})" for one in found if one["outcome"] is not None),
    )


def _names(found: Row) -> set[str]:
    """Everything that a person can call this message."""
    return {str(found["message_id"]), str(found["batch_id"]), str(found["video_id"]), _label(found)}


def _label(found: Row) -> str:
    return f"{found['platform']}/{found['video_id']}" if found["video_id"] else str(found["message_id"])
