"""Dead letters as a person reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from datalake.adapters.postgres import rows, transaction

_NEWEST = """
SELECT d.message_id, l.platform, l.video_id, l.topic, l.partition, l.message_offset, d.reason, d.detail,
       d.created_at, d.published_at
FROM dead_letters d JOIN ledger l USING (message_id)
ORDER BY d.created_at DESC, d.message_id
LIMIT %s
"""


@dataclass(frozen=True)
class LetterLine:
    """One dead letter; `video` names its coordinates where the message was not understood."""

    message_id: UUID
    video: str
    reason: str
    detail: str
    created_at: datetime
    published_at: datetime | None


def newest_letters(uri: str, limit: int) -> list[LetterLine]:
    """The newest dead letters first.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    lines = []
    with transaction(uri) as connection:
        for found in rows(connection, _NEWEST, (limit,)):
            platform, video_id = found.pop("platform"), found.pop("video_id")
            topic, partition, offset = (found.pop(name) for name in ("topic", "partition", "message_offset"))
            video = f"{platform}/{video_id}" if video_id else f"{topic}[{partition}] offset {offset}"
            lines.append(LetterLine(video=video, **found))
    return lines
