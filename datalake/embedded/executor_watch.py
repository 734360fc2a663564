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
from datalake.embedded.state import Layout
from datalake.embedded.supervisor import ProcessInfo

QUEUED_S = 60.0
QUEUED_AFTER_A_DEATH_S = 15.0

_QUEUED = """
SELECT count(*) FILTER (WHERE state = 'running') AS running,
       count(*) FILTER (WHERE state = 'queued') AS queued,
       coalesce(extract(epoch FROM now() - min(queued_dttm) FILTER (WHERE state = 'queued')), 0)::float
           AS oldest_queued_s
FROM task_instance WHERE state IN ('running', 'queued')
"""


@dataclass(frozen=True)
class Queue:
    """What Airflow's database says about its tasks.

    Attributes:
        running: how many run.
        queued: how many the executor has, and has not started.
        oldest_queued_s: for how long the oldest of these has waited, 0 if there is none.
    """

    running: int
    queued: int
    oldest_queued_s: float


def read_queue(uri: str) -> Queue:
    """The tasks that the executor has now.

    Raises:
        DatabaseUnavailable: Airflow's database is away.
    """
    with transaction(uri) as connection:
        return Queue(**(row(connection, _QUEUED) or {}))


@dataclass(frozen=True)
class Workers:
    """The LocalExecutor's processes.

    Attributes:
        pids: of the workers.
        tasks: pids of their tasks, also of those that have not said yet that they run. A task that lost its
            worker is in neither.
    """

    pids: frozenset[int]
    tasks: frozenset[int] = frozenset()


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
        self._known = Workers(frozenset())
        self._scheduler_pid = 0
        self._has_lost_worker = False
        self._healthy_since: float | None = None

    def start_again(self) -> None:
        """Forget since when the scheduler is healthy: it is not, or something before it is not."""
        self._healthy_since = None

    def has_free_slot(self) -> bool:
        """True when the executor would take one more task."""
        queue = self._queue()
        return queue.running + queue.queued < self._parallelism

    def trouble(self, scheduler: ProcessInfo, now: float) -> str | None:
        """What is wrong when tasks wait for a healthy scheduler though workers are free, else None."""
        if scheduler.state != "RUNNING":
            return None
        if scheduler.pid != self._scheduler_pid:
            self._scheduler_pid, self._has_lost_worker = scheduler.pid, False
            self._known, self._healthy_since = Workers(frozenset()), None
        self._healthy_since = self._healthy_since or now
        workers = self._workers()
        self._look_at(workers)
        limit_s = QUEUED_AFTER_A_DEATH_S if self._has_lost_worker else QUEUED_S
        if now - self._healthy_since < limit_s:
            return None
        queue = self._queue()
        is_starting = len(workers.tasks) > queue.running  # slowly, on a busy machine
        if is_starting or queue.running >= self._parallelism or queue.oldest_queued_s <= limit_s:
            return None
        return f"no task started for {queue.oldest_queued_s:.0f} s though workers are free"

    def _look_at(self, workers: Workers) -> None:
        """Notice the death of a worker, and that the others still get tasks after it."""
        if self._known.pids - workers.pids:  # the executor never ends one by itself
            self._has_lost_worker = True
        elif workers.tasks - self._known.tasks:
            self._has_lost_worker = False
        self._known = workers


def local_executor_workers(folder: Layout) -> Workers:
    """This stack's LocalExecutor workers, and the tasks that they run."""
    parents: dict[int, int] = {}
    titled: set[int] = set()
    for process in marked_processes(folder.root, airflow.SCHEDULER):
        try:
            parents[process.pid] = process.ppid()
            if "LocalExecutor" in " ".join(process.cmdline()):
                titled.add(process.pid)  # a task too, until it gives itself its own title
        except psutil.NoSuchProcess:
            continue
    workers = {pid for pid in titled if parents[pid] in parents and parents[pid] not in titled}
    tasks = {pid for pid, parent in parents.items() if parent in workers}
    return Workers(frozenset(workers), frozenset(tasks))


def parallelism(environment: Mapping[str, str]) -> int:
    """`[core] parallelism` as Airflow reads it."""
    name = "AIRFLOW__CORE__PARALLELISM"
    if name in environment:
        return int(environment[name])
    config = configparser.ConfigParser(interpolation=None)
    config.read(environment["AIRFLOW_CONFIG"], "utf-8")
    return config.getint("core", "parallelism", fallback=32)
