"""Batches and their attempts: what is due, what a run has to do, and when to give up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from logging import getLogger
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4, uuid5

from datalake.adapters.postgres import attempts, ledger, transaction
from datalake.adapters.postgres.attempts import OpenBatch
from datalake.adapters.postgres.ledger import Coordinates, LedgerRow
from datalake.adapters.runs import Runs, RunState
from datalake.common_func import backoff_s, run_id_of, storable
from datalake.contracts import ClaimedVideo, Options, Outcome
from datalake.crash_points import crash_point
from datalake.errors import BadMessage, PipelineError, UnfinishedBatch
from datalake.ingest.messages import message_id, parse

_LOG = getLogger(__name__)
FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 900.0
MAX_ERROR_CHARS = 2000

RecordOutcome = Callable[[ClaimedVideo, Outcome], bool]


@dataclass(frozen=True)
class DueRun:
    """A run that has to be triggered."""

    batch_id: UUID
    attempt: int
    run_id: str


def unfinished(uri: str, batch_id: UUID, attempt: int, run_id: str) -> list[ClaimedVideo]:
    """Videos that this run has to work on; none when the batch belongs to another attempt by now."""
    with transaction(uri) as connection:
        return attempts.unfinished(connection, batch_id, attempt, run_id)


def assert_finished(uri: str, batch_id: UUID) -> None:
    """Return when every message of the batch has its outcome.

    Raises:
        UnfinishedBatch: some have none; the next attempt works on them.
    """
    with transaction(uri) as connection:
        left = attempts.count_unfinished(connection, batch_id)
    if left:
        raise UnfinishedBatch(
            f"{left} messages of batch {batch_id} are unfinished; kafka_consumer starts the next attempt "
            "after a back-off, nothing need be done"
        )


def record_code_error(uri: str, batch_id: UUID, attempt: int, error: BaseException | str) -> None:
    """Count an error of our code against the batch, once an attempt; call it in the task that saw it."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    with transaction(uri) as connection:
        attempts.count_code_error(connection, batch_id, attempt, storable(text)[:MAX_ERROR_CHARS])


def due_runs(
    uri: str, runs: Runs, max_runs: int, max_code_errors: int, record_outcome: RecordOutcome
) -> list[DueRun]:
    """Runs to trigger now; batches whose run ended early move to their next attempt, or are given up.

    Args:
        uri: of the database.
        runs: what Airflow knows.
        max_runs: replays start no run beyond so many live ones; other batches do.
        max_code_errors: so many attempts may end in an error of our code.
        record_outcome: writes an outcome as gold does (`Catalog.record_outcome`), with letter and mails.
    """
    found = []
    for batch, state in _waiting(uri, runs, max_runs):
        if state == "missing":
            found.append(DueRun(batch.batch_id, batch.attempt, batch.run_id))
        else:
            _move_on(uri, batch, max_code_errors, record_outcome)
    return found


def has_due(uri: str, runs: Runs, max_runs: int) -> bool:
    """True when `due_runs` would do something."""
    return next(_waiting(uri, runs, max_runs), None) is not None


def _waiting(uri: str, runs: Runs, max_runs: int) -> Iterator[tuple[OpenBatch, RunState]]:
    """Batches whose run is missing or has ended.

    A retry of many messages opens many batches at once. They take turns, oldest first, behind what is new,
    and so does the end of a replay's run behind an older replay that waits for its turn.
    """
    with transaction(uri) as connection:
        batches = attempts.due_batches(connection)
    free = max_runs - runs.live_count() if batches else 0
    for batch in batches:
        state = runs.state(batch.run_id)
        if state == "missing":
            if batch.source == "replay" and free <= 0:
                return  # replays come last, so nothing but replays follows
            free -= 1
        if state != "live":
            yield batch, state


def _move_on(uri: str, batch: OpenBatch, max_code_errors: int, record_outcome: RecordOutcome) -> None:
    """The next attempt, or none. One bad batch never holds up the others."""
    try:
        if batch.code_errors >= max_code_errors:
            _give_up(uri, batch, record_outcome)
        else:
            _advance(uri, batch)
    except PipelineError:
        raise
    except Exception:  # noqa: BLE001 - a boundary: ingest must not stand still for one batch
        _LOG.exception("Batch %s cannot go on: an error of our code", batch.batch_id)


def _advance(uri: str, batch: OpenBatch) -> None:
    wait_s = backoff_s(batch.attempt, FIRST_DELAY_S, LONGEST_DELAY_S)
    with transaction(uri) as connection:
        attempts.next_attempt(connection, batch, run_id_of(batch.batch_id, batch.attempt + 1), wait_s)
        crash_point("batches.after_advance")
    _LOG.warning("Batch %s: attempt %d in %.0f s", batch.batch_id, batch.attempt + 1, wait_s)


def _give_up(uri: str, batch: OpenBatch, record_outcome: RecordOutcome) -> None:
    left: Sequence[ClaimedVideo] = unfinished(uri, batch.batch_id, batch.attempt, batch.run_id)
    detail = f"{batch.code_errors} attempts ended in an error of our code; see batches.last_error"
    for claimed in left:
        record_outcome(claimed, Outcome(kind="failed", reason="code_error", detail=detail))
        crash_point("batches.after_failed")
    _LOG.error("Batch %s is given up: %d messages failed", batch.batch_id, len(left))


def open_ui_batch(uri: str, run_id: str, uris: Sequence[str], options: Options | None = None) -> UUID | None:
    """Make URIs typed into the trigger form a batch of this run; the second call changes nothing.

    Args:
        uri: of the database.
        run_id: the Airflow run that the form started; the batch keeps it for its first attempt.
        uris: as typed; empty lines are skipped.
        options: wishes for all of them.

    Returns:
        The batch, or None when nothing was typed.
    """
    typed = [line.strip() for line in uris if line.strip()]
    if not typed:
        return None
    rows = [_typed_row(run_id, index, line, options or Options()) for index, line in enumerate(typed)]
    batch_id = uuid4()
    with transaction(uri) as connection:
        known = ledger.open_batch_of_run(connection, batch_id, "ui", run_id)
        if known == batch_id:
            rows = ledger.insert_rows(connection, rows)
            ledger.write_letters(connection, [row for row in rows if row.outcome])
            ledger.give_to_batch(connection, batch_id, rows)
            ledger.close_batch_without_work(connection, batch_id)
    return known


def _typed_row(run_id: str, index: int, typed: str, options: Options) -> LedgerRow:
    coordinates = Coordinates("ui", run_id, 0, index)
    identity = message_id(coordinates)
    document = {
        "event_id": str(uuid5(identity, "event")),
        "video_id": video_id_of(typed),
        "uri": typed,
        "platform": "ui",
        "options": options.model_dump(mode="json"),
    }
    payload = json.dumps(document).encode()
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    row = LedgerRow(identity, coordinates, "ui", None, payload, sha256(payload).hexdigest(), now_ms)
    try:
        return row.with_record(parse(payload, strict=True, max_bytes=len(payload)))
    except BadMessage as bad:
        return row.ended("rejected", bad.reason, bad.detail)


def video_id_of(uri: str) -> str:
    """A video id for a URI that came without one: its file name, and a hash so that names may repeat."""
    try:
        name = PurePosixPath(unquote(urlsplit(uri).path)).stem or "video"
    except ValueError:  # no URI at all: bronze says so
        name = "video"
    return f"{name[:200]}-{sha256(uri.encode(errors='replace')).hexdigest()[:8]}"
