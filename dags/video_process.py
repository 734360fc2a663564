"""
### Video process

One run is one batch of videos, one mapped task a chunk of them: bronze lands the bytes and identifies
them, silver finds out what is in them, gold tells Postgres, Qdrant and the people concerned. Each box is
one Hamilton dataflow (see `datalake/*_layer/01_dag.ipynb` for its picture).

**Started by** `kafka_consumer` with `batch_id` and `attempt`; or by hand: *Trigger*, one URI a line.

**A bad video never fails a task**: it ends `quarantined` with its findings in `ledger`, and a dead letter.
A red task means that a service was away or our code is wrong; tasks retry and skip what is done.

**`notify` is red** while videos of the batch are unfinished: `kafka_consumer` starts the next attempt
after a back-off. `datalake ledger` says what is left; clearing any task is always safe.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, TriggerRule, dag, task, task_group

from datalake.dag_defaults import SERVICE_RETRIES

LABEL = "{{ task.op_args[0]['label'] }}"
PARAMS = {
    "uris": Param(
        [],
        type=["array", "null"],
        items={"type": "string"},
        title="Video URIs",
        description="file, http(s) or s3 URIs, one a line; leave empty when batch_id is given.",
    ),
    "batch_id": Param(None, type=["string", "null"], title="Batch", description="From kafka_consumer."),
    "attempt": Param(1, type="integer", minimum=1, title="Attempt", description="From kafka_consumer."),
}


@task(show_return_value_in_logs=False)
def plan(params: dict[str, Any] | None = None, run_id: str | None = None) -> list[dict[str, Any]]:
    """Split the batch's unfinished videos into chunks."""
    from datalake import tasks

    return tasks.plan(params, run_id)


@task(map_index_template=LABEL, multiple_outputs=False, show_return_value_in_logs=False)
def bronze(chunk: dict[str, Any]) -> dict[str, Any]:
    """What arrived? Land the bytes, name them by content, probe them."""
    from datalake import tasks

    return tasks.bronze(chunk)


@task(map_index_template=LABEL, pool="silver", multiple_outputs=False, show_return_value_in_logs=False)
def silver(chunk: dict[str, Any]) -> dict[str, Any]:
    """What is in it? Frames, quality, near-duplicates, embeddings."""
    from datalake import tasks

    return tasks.silver(chunk)


@task(map_index_template=LABEL, multiple_outputs=False)
def gold(chunk: dict[str, Any]) -> dict[str, int]:
    """Who needs to know? Rows, points and outcomes; hands on how many videos ended how."""
    from datalake import tasks

    return tasks.gold(chunk)


@task(trigger_rule=TriggerRule.ALL_DONE, multiple_outputs=False)
def notify(params: dict[str, Any] | None = None, run_id: str | None = None) -> dict[str, int]:
    """Send the batch's mail; fail while messages are unfinished."""
    from datalake import tasks

    return tasks.notify(params, run_id)


@task_group
def layers(chunk: dict[str, Any]) -> None:
    """The medallion: one mapped task a layer and chunk."""
    gold(silver(bronze(chunk)))  # type: ignore[arg-type]  # XComs stand for the records


@dag(
    dag_id="video_process",
    schedule=None,
    catchup=False,
    max_active_runs=8,
    doc_md=__doc__,
    default_args=SERVICE_RETRIES,
    tags=["video"],
    params=PARAMS,
)
def video_process() -> None:
    """Plan, then bronze, silver and gold per chunk of videos, then notify."""
    layers.expand(chunk=plan()) >> notify()


video_process()
