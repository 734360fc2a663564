"""Whether Airflow's LocalExecutor starts what is queued.

Killing an idle worker takes the lock of its queue along, after which no task starts, while the scheduler
goes on to report good health (apache/airflow issue 70526).
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from datalake.adapters.postgres import row, transaction
from datalake.embedded import airflow
from datalake.embedded.leftovers import marked_processes
from datalake.embedded.postgres_admin import plain_uri
from datalake.embedded.state import Layout
from datalake.embedded.supervisor import ProcessInfo

QUEUED_S = 60.0
QUEUED_AFTER_A_DEATH_S = 15.0

_QUEUED = """
SELECT count(*) FILTER (WHERE state = 'running') AS running,
       coalesce(extract(epoch FROM now() - min(queued_dttm) FILTER (WHERE state = 'queued')), 0)::float
           AS oldest_queued_s
FROM task_instance WHERE state IN ('running', 'queued')
"""


@dataclass(frozen=True)
class Queue:
    """What Airflow's database says about its tasks."""

    running: int
    oldest_queued_s: float


def read_queue(uri: str) -> Queue:
    """Running tasks, and for how long the oldest queued one has waited.

    Raises:
        DatabaseUnavailable: Airflow's database is away.
    """
    with transaction(plain_uri(uri)) as connection:
        return Queue(**(row(connection, _QUEUED) or {}))


@dataclass(frozen=True)
class Workers:
    """The LocalExecutor's processes.

    Attributes:
        pids: of the workers.
        tasks: processes of tasks, also of those that have not said yet that they run.
    """

    pids: frozenset[int]
    tasks: int = 0


class ExecutorWatch:
    """Compares the queue with the workers, again and again.

    Args:
        queue: reads Airflow's queue.
        workers: looks at the LocalExecutor's processes.
        parallelism: tasks that Airflow runs at once, at most.
    """

    def __init__(self, queue: Callable[[], Queue], workers: Callable[[], Workers], parallelism: int) -> None:
        self._queue = queue
        self._workers = workers
        self._parallelism = parallelism
        self._known_workers: frozenset[int] = frozenset()
        self._scheduler_pid = 0
        self._has_lost_worker = False

    def trouble(self, scheduler: ProcessInfo | None, now: float) -> str | None:
        """What is wrong when tasks wait though workers are free, else None."""
        if scheduler is None or scheduler.state != "RUNNING":
            return None
        workers = self._workers()
        self._look_at(workers.pids, scheduler.pid)
        limit_s = QUEUED_AFTER_A_DEATH_S if self._has_lost_worker else QUEUED_S
        if now - scheduler.started_at < limit_s:
            return None
        queue = self._queue()
        is_starting = workers.tasks > queue.running  # slowly, on a busy machine
        if is_starting or queue.running >= self._parallelism or queue.oldest_queued_s <= limit_s:
            return None
        return f"no task started for {queue.oldest_queued_s:.0f} s though workers are free"

    def _look_at(self, workers: frozenset[int], scheduler_pid: int) -> None:
        """Notice the death of a worker: the executor never ends one by itself."""
        if scheduler_pid != self._scheduler_pid:
            self._scheduler_pid, self._has_lost_worker = scheduler_pid, False
        elif self._known_workers - workers:
            self._has_lost_worker = True
        self._known_workers = workers


def local_executor_workers(folder: Layout) -> Workers:
    """This stack's LocalExecutor workers, and the tasks that they run."""
    parents: dict[int, int] = {}
    for process in marked_processes(folder.root, airflow.SCHEDULER):
        try:
            if "LocalExecutor" in " ".join(process.cmdline()):
                parents[process.pid] = process.ppid()
        except psutil.NoSuchProcess:
            continue
    workers = frozenset(pid for pid, parent in parents.items() if parent not in parents)
    return Workers(workers, len(parents) - len(workers))


def parallelism(environment: Mapping[str, str]) -> int:
    """`[core] parallelism` as Airflow reads it."""
    name = "AIRFLOW__CORE__PARALLELISM"
    if name in environment:
        return int(environment[name])
    config = configparser.ConfigParser(interpolation=None)
    config.read(environment["AIRFLOW_CONFIG"], "utf-8")
    return config.getint("core", "parallelism", fallback=32)
