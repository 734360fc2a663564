"""Attempts at videos in PostgreSQL: rows of `video_attempts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from datalake.adapters.ports import AttemptLog, EarlierTries, FileLayer
from datalake.adapters.postgres import Row, execute, rows, transaction
from datalake.adapters.postgres.statements import statement
from datalake.contracts import ClaimedVideo, VideoProgress

_END = """
UPDATE video_attempts
SET ended_at = clock_timestamp(), is_through = %(is_through)s, progress = %(progress)s
WHERE message_id = %(message_id)s AND layer = %(layer)s AND task_try = %(task_try)s
"""
_OPEN = """
SELECT l.message_id FROM ledger l JOIN batches b USING (batch_id)
WHERE l.message_id = ANY(%(message_ids)s::uuid[]) AND l.outcome IS NULL
AND (b.batch_id, b.attempt, b.run_id) = (%(batch_id)s, %(attempt)s, %(run_id)s)
"""


class PostgresAttemptLog(AttemptLog):
    """See the port; one object a task process, which it names by a random id."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._task_try = uuid4()

    def still_open(self, videos: Sequence[ClaimedVideo]) -> set[UUID]:
        """As the port says; all are of one attempt."""
        if not videos:
            return set()
        with transaction(self._uri) as connection:
            return {found["message_id"] for found in rows(connection, _OPEN, _these(videos))}

    def earlier(self, layer: FileLayer, videos: Sequence[ClaimedVideo]) -> Mapping[UUID, EarlierTries]:
        """As the port says; all are of one attempt."""
        if not videos:
            return {}
        asked = _these(videos) | {"layer": layer, "task_try": self._task_try}
        with transaction(self._uri) as connection:
            found = rows(connection, statement("attempts/earlier"), asked)
        return {one["message_id"]: _earlier(one) for one in found}

    def begin(self, layer: FileLayer, video: ClaimedVideo, is_alone: bool) -> VideoProgress | None:
        """As the port says."""
        owner = {"batch_id": video.batch_id, "attempt": video.attempt, "is_alone": is_alone}
        values = self._key(layer, video) | owner
        with transaction(self._uri) as connection:
            found = rows(connection, statement("attempts/begin"), values)
        return VideoProgress.model_validate(found[0]["progress"]) if found else None

    def end(self, layer: FileLayer, video: ClaimedVideo, progress: VideoProgress | None) -> None:
        """As the port says."""
        text = progress.model_dump_json() if progress else None
        values = self._key(layer, video) | {"is_through": text is not None, "progress": text}
        with transaction(self._uri) as connection:
            execute(connection, _END, values)

    def _key(self, layer: FileLayer, video: ClaimedVideo) -> dict[str, Any]:
        return {"message_id": video.message_id, "layer": layer, "task_try": self._task_try}


def _these(videos: Sequence[ClaimedVideo]) -> dict[str, Any]:
    first = videos[0]
    owner = {"batch_id": first.batch_id, "attempt": first.attempt, "run_id": first.run_id}
    return {"message_ids": [video.message_id for video in videos], **owner}


def _earlier(found: Row) -> EarlierTries:
    progress = found["progress"]
    return EarlierTries(
        VideoProgress.model_validate(progress) if progress else None, found["deaths"], found["deaths_alone"]
    )
