"""Cancels messages: they end at once, and whatever works on them stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from datalake.adapters.ports import Compose
from datalake.adapters.postgres import Row, rows, transaction
from datalake.adapters.postgres.batches import finish_batch, write_outcome
from datalake.contracts import Outcome
from datalake.crash_points import crash_point
from datalake.errors import ConfigurationError

_CANCELLED = Outcome(kind="cancelled", reason="cancelled", detail="A person cancelled it.")
_OPEN = """
SELECT message_id, batch_id, platform, video_id FROM ledger
WHERE outcome IS NULL AND (message_id = ANY(%(ids)s::uuid[]) OR batch_id = ANY(%(ids)s::uuid[])
    OR video_id = ANY(%(names)s) OR platform || '/' || video_id = ANY(%(names)s))
ORDER BY message_id FOR NO KEY UPDATE
"""
_COLUMNS = "SELECT message_id, batch_id, platform, video_id, outcome FROM ledger WHERE outcome IS NOT NULL"
# one index each; a video id without its platform has none, and is looked for among open messages only
_ENDED = f"""
{_COLUMNS} AND message_id = ANY(%(ids)s::uuid[])
UNION {_COLUMNS} AND batch_id = ANY(%(ids)s::uuid[])
UNION {_COLUMNS} AND (platform, video_id) IN (
    SELECT split_part(name, '/', 1), substr(name, strpos(name, '/') + 1)
    FROM unnest(%(names)s) AS name WHERE strpos(name, '/') > 0)
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
    asked = {"names": list(names), "ids": [found for name in names if (found := _uuid(name))]}
    with transaction(uri) as connection:
        open_ones, ended = rows(connection, _OPEN, asked), rows(connection, _ENDED, asked)
        known = set().union(*(_names(one) for one in (*open_ones, *ended)))
        if unknown := [name for name in names if name.lower() not in known and name not in known]:
            raise ConfigurationError(
                f"the ledger knows no message, batch or open video {', '.join(unknown)}: nothing was "
                "cancelled. Name an ended video as platform/video_id; a message that was not claimed yet is "
                "not in the ledger"
            )
        for one in open_ones:
            write_outcome(connection, one["message_id"], _CANCELLED)
        for batch_id in sorted({one["batch_id"] for one in open_ones}):
            finish_batch(connection, batch_id, compose)
        crash_point("cancel.before_commit")
    return Cancellation(
        tuple(_label(one) for one in open_ones),
        tuple(f"{_label(one)} ({one['outcome']})" for one in ended),
    )


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _names(found: Row) -> set[str]:
    """Everything that a person can call this message."""
    return {str(found["message_id"]), str(found["batch_id"]), str(found["video_id"]), _label(found)}


def _label(found: Row) -> str:
    return f"{found['platform']}/{found['video_id']}" if found["video_id"] else str(found["message_id"])
