"""What the tasks of `video_process` do: JSON in, JSON out, adapters in between.

Nothing here decides anything about a video: it opens the doors, hands them to the layers and passes on
what comes out.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any
from uuid import UUID

from airflow.sdk.exceptions import AirflowFailException

from datalake import chunks, factory, settings
from datalake.adapters.ports import Catalog, FileLayer
from datalake.adapters.postgres import kept_connections
from datalake.chunk_run import ChunkRun, still_open
from datalake.chunks import Step
from datalake.common_func import die_with_parent
from datalake.contracts import Chunk, VideoProgress
from datalake.errors import PipelineError, UnfinishedBatch
from datalake.gold_layer.outbox import send_due_mails
from datalake.ingest import batches
from datalake.steps.bronze import bronze_step
from datalake.steps.gold import gold_step
from datalake.steps.silver import silver_step

_log = logging.getLogger(__name__)
_GOLD_AT_ONCE = 4  # videos; each has a connection to the database
LayerTask = Callable[[Chunk, settings.Settings], Chunk]


def _chunk_task(task: LayerTask) -> Callable[[dict[str, Any]], Chunk]:
    """A task that takes a chunk, as JSON, through a layer.

    An error of our code is counted against the batch's attempt, whether it hit one video or the whole
    task; a task that meets one fails without retries.
    """

    @wraps(task)
    def run(chunk: dict[str, Any]) -> Chunk:
        die_with_parent(os.getppid(), signal.SIGKILL)  # an orphan would overlap its own retry
        todo = Chunk.model_validate(chunk)
        config = settings.load()
        with kept_connections(), _our_errors_counted(config, todo.batch_id, todo.attempt) as count:
            done = task(todo, config)
            if errors := [f"{video.claimed.label}: {video.error}" for video in done.videos if video.error]:
                count("; ".join(errors))
        return done

    return run


def _layer_task(task: LayerTask) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The same, and the chunk is JSON again for the next layer."""
    through = _chunk_task(task)

    @wraps(task)
    def run(chunk: dict[str, Any]) -> dict[str, Any]:
        return through(chunk).model_dump(mode="json")

    return run


@contextmanager
def _our_errors_counted(
    config: settings.Settings, batch_id: UUID, attempt: int
) -> Iterator[Callable[[BaseException | str], None]]:
    """Gives what counts an error of our code; one that leaves the block is counted and ends the task."""
    count = partial(batches.record_code_error, factory.postgres_uri(config), batch_id, attempt)
    try:
        yield count
    except PipelineError:
        raise
    except Exception as error:
        _log.exception("Batch %s: an error of our code", batch_id)
        count(error)
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


def plan(params: dict[str, Any] | None, run_id: str | None) -> list[dict[str, Any]]:
    """Chunks of the batch's unfinished videos; URIs typed into the form become a batch first.

    Raises:
        AirflowFailException: the run was started with neither a batch nor URIs.
    """
    config = settings.load()
    uri = factory.postgres_uri(config)
    batch_id, attempt = _batch(uri, params or {}, run_id or "")
    with _our_errors_counted(config, batch_id, attempt):
        claimed = batches.unfinished(uri, batch_id, attempt, run_id or "")
        silver = config.silver
        size = chunks.chunk_size(
            len(claimed), silver.silver_slots, silver.chunk_min_videos, silver.chunk_max_videos
        )
        return [chunk.model_dump(mode="json") for chunk in chunks.split(claimed, size)]


@_layer_task
def bronze(chunk: Chunk, config: settings.Settings) -> Chunk:
    """Every open video of the chunk through bronze."""
    with factory.build_media_children(config, len(chunk.videos)) as media:
        step = bronze_step(config, chunk.attempt, media, factory.build_known_content(config))
        return _run("bronze", step, config, factory.children_at_once(config))(chunk)


@_layer_task
def silver(chunk: Chunk, config: settings.Settings) -> Chunk:
    """Every open video of the chunk through silver, with one model; equal work is done once."""
    leases = factory.build_catalog(config)
    children = factory.build_media_children(config, len(chunk.videos), decode=True)
    with children as media, factory.build_batcher(config) as embedder:
        step = silver_step(config, chunk, leases, media, embedder)
        return _run("silver", step, config, config.silver.videos_at_once)(chunk)


def gold(chunk: dict[str, Any]) -> dict[str, int]:
    """Rows, points and outcomes of every video of the chunk that is still open; how many ended how."""
    return dict(Counter(_fate(video) for video in _settled(chunk).videos))


def _fate(video: VideoProgress) -> str:
    if video.outcome:
        return video.outcome.kind
    return "unfinished" if video.error or video.put_off else "ended elsewhere"


@_chunk_task
def _settled(chunk: Chunk, config: settings.Settings) -> Chunk:
    """Every video of the chunk through gold; those that bronze or silver ended get their outcome."""
    catalog = factory.build_catalog(config)
    chunk = still_open(chunk, factory.build_attempt_log(config))
    done = chunks.run(chunk, gold_step(config, catalog), _GOLD_AT_ONCE)
    return chunks.joined(done, [_written(catalog, video) for video in done.videos])


def _written(catalog: Catalog, video: VideoProgress) -> VideoProgress:
    """The video; without its outcome if that was to be written here and the message has ended elsewhere."""
    if video.outcome is None or video.silver is not None:
        return video
    is_ours = catalog.record_outcome(video.claimed, video.outcome, video.bronze)
    return video if is_ours else video.model_copy(update={"outcome": None})


def _run(layer: FileLayer, step: Step, config: settings.Settings, at_once: int) -> ChunkRun:
    log = factory.build_attempt_log(config)
    return ChunkRun(layer, step, log, at_once, config.silver.max_deaths_alone)


def notify(params: dict[str, Any] | None, run_id: str | None) -> dict[str, int]:
    """Send the mails that are due.

    Raises:
        AirflowFailException: messages of this batch have no outcome yet; the next attempt does the rest,
            so a retry of this task would only hold it up.
    """
    config = settings.load()
    uri = factory.postgres_uri(config)
    tally = send_due_mails(factory.build_outbox(config), factory.build_mailer(config))
    batch_id, _ = _batch(uri, params or {}, run_id or "")
    try:
        batches.assert_finished(uri, batch_id)
    except UnfinishedBatch as error:
        raise AirflowFailException(str(error)) from error
    return {"mails_sent": tally.sent, "mails_pending": tally.pending, "mails_failed": tally.failed}


def _batch(uri: str, params: dict[str, Any], run_id: str) -> tuple[UUID, int]:
    """The run's batch and attempt.

    Raises:
        AirflowFailException: there is none; trying again would only hold up the consumer.
    """
    given = params.get("batch_id")
    try:
        batch_id = UUID(given) if given else batches.open_ui_batch(uri, run_id, params.get("uris") or [])
    except ValueError as error:
        raise AirflowFailException(f"batch_id {given!r} is no UUID; leave it empty and type URIs") from error
    if batch_id is None:
        raise AirflowFailException("Nothing to do: type at least one URI into the trigger form.")
    return batch_id, int(params.get("attempt") or 1) if given else 1
