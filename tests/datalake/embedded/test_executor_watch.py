"""What the watchdog sees of Airflow's tasks: rows of a real PostgreSQL, and real processes."""

from __future__ import annotations

import os
import subprocess

import psutil
import pytest

from datalake.adapters.postgres import execute, transaction
from datalake.embedded import airflow
from datalake.embedded.executor_watch import Queue, local_executor_workers, read_queue
from datalake.embedded.leftovers import COMPONENT_MARK, STACK_MARK, end, marked_processes
from datalake.embedded.process import wait_until
from datalake.embedded.state import Layout

# A scheduler with one idle worker, and one with a task.
SCHEDULER = """
(exec -a 'airflow worker -- LocalExecutor: <idle>' sleep 600) &
(exec -a 'airflow worker -- LocalExecutor: video' bash -c '(exec -a "$TASK_TITLE" sleep 601) & wait') &
wait
"""


@pytest.mark.postgres
def test_the_queue_is_counted(postgres_uri):
    with transaction(postgres_uri) as connection:
        execute(connection, "CREATE TABLE task_instance (state text, queued_dttm timestamptz)")
    assert read_queue(postgres_uri) == Queue(running=0, queued=0, oldest_queued_s=0.0)
    with transaction(postgres_uri) as connection:
        execute(
            connection,
            "INSERT INTO task_instance VALUES ('running', now() - interval '900 s'), ('scheduled', NULL),"
            " ('queued', now() - interval '100 s'), ('queued', now()), ('success', now())",
        )
    queue = read_queue(postgres_uri)
    assert (queue.running, queue.queued) == (1, 2)
    assert 100 <= queue.oldest_queued_s < 160


@pytest.fixture(
    params=["airflow worker -- LocalExecutor: video", "airflow worker -- 1"], ids=["new task", "task"]
)
def folder(request, tmp_path):
    folder = Layout(tmp_path)
    script = tmp_path / "scheduler.sh"
    script.write_text(SCHEDULER)
    marks = {STACK_MARK: str(folder.root), COMPONENT_MARK: airflow.SCHEDULER, "TASK_TITLE": request.param}
    scheduler = subprocess.Popen(["bash", script], env={**os.environ, **marks})
    yield folder
    end(marked_processes(folder.root), grace_s=0)
    scheduler.wait()


def test_a_task_without_its_worker_is_none_of_both(folder):
    def is_complete():
        seen = local_executor_workers(folder)
        return len(seen.pids) == 2 and len(seen.tasks) == 1

    assert wait_until(is_complete, 30)
    before = local_executor_workers(folder)
    (task,) = before.tasks
    worker = psutil.Process(task).parent()
    assert worker is not None
    assert worker.pid in before.pids
    worker.kill()
    assert wait_until(lambda: worker.pid not in local_executor_workers(folder).pids, 30)
    after = local_executor_workers(folder)
    assert after.pids == before.pids - {worker.pid}
    assert after.tasks == frozenset()
    assert psutil.Process(task).is_running()
