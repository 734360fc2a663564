"""
### Kafka consumer

Turns messages on the topic `video.arrived` into runs of `video_process`. One cycle: **wait** until work is
due, **claim** what is unread, **trigger** the runs that are due; then the next cycle begins.

**Work is due** when messages are unread, a batch has unfinished messages and no live run (after a
back-off), a dead letter is unpublished or a mail unsent. An idle pipeline starts at once; a busy one waits
for a fuller batch (`CLAIM_MAX_MESSAGES`, `CLAIM_MAX_WAIT_S`), and claims nothing while `MAX_RUNS_IN_FLIGHT`
runs are live.

**Nothing is lost or done twice**: messages, batch and offsets are one transaction in PostgreSQL. Stop, kill
or clear any task at any time; offsets in Kafka are a copy for lag monitors. A message that cannot be read
ends in the dead-letter topic.

**When it stands still**: `wait` is deferred while nothing is due, and logs why it backs off when a service
is away. A partition that lost messages is stopped, and `consumer_offsets.stopped` says which and what to
do. Pausing this DAG pauses ingest; messages stay in Kafka as long as the topic's retention.

**When a run of it fails**, our code or a setting is wrong; after five in a row the DAG pauses itself: mend
it, unpause it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import TriggerRule, dag, task

from datalake.dag_defaults import SERVICE_RETRIES
from datalake.ingest.operators import WaitForWork


@dag(
    dag_id="kafka_consumer",
    schedule="@continuous",
    # Without a start in the past the first interval is empty, and the second run would have its logical date
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_consecutive_failed_dag_runs=5,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    default_args=SERVICE_RETRIES,
    tags=["video", "ingest"],
)
def kafka_consumer() -> None:
    """Wait, claim, trigger."""

    @task
    def claim() -> list[dict[str, Any]]:
        """Take what is unread into the ledger; publish letters, send mails; name the runs that are due."""
        from datalake.ingest.cycle import run_cycle

        return run_cycle()

    runs = claim()
    WaitForWork(task_id="wait") >> runs
    TriggerDagRunOperator.partial(
        task_id="trigger",
        trigger_dag_id="video_process",
        logical_date=None,
        skip_when_already_exists=True,
        map_index_template="{{ task.trigger_run_id }}",
        trigger_rule=TriggerRule.NONE_FAILED,
    ).expand_kwargs(runs)


kafka_consumer()
