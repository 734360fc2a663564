"""Restart what lives and does not work; the supervisor itself only notices processes that end.

    python -m datalake.embedded.watchdog

Two cases. A component that has not been healthy for `PATIENCE_S`, while all that start before it are, is
restarted. And Airflow's scheduler is restarted when tasks stay queued though workers are free: killing an
idle worker of the LocalExecutor takes the lock of its queue along, after which no task starts, while the
scheduler goes on to report good health (apache/airflow issue 70526).
"""

from __future__ import annotations

import configparser
import logging
import signal
import threading
import time
import xmlrpc.client
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

import psutil
import psycopg2

from datalake.embedded import airflow
from datalake.embedded.leftovers import marked_processes
from datalake.embedded.parts import open_stack
from datalake.embedded.postgres_admin import plain_uri
from datalake.embedded.process import Server
from datalake.embedded.state import Layout
from datalake.embedded.supervisor import ProcessInfo, Supervisor
from datalake.embedded.watchdog_server import PATIENCE_S, WatchdogServer, beat_file

PERIOD_S = 5.0
QUEUED_S = 60.0
QUEUED_AFTER_A_DEATH_S = 15.0

_QUEUED = """
SELECT count(*) FILTER (WHERE state = 'running'),
       coalesce(extract(epoch FROM now() - min(queued_dttm) FILTER (WHERE state = 'queued')), 0)::float
FROM task_instance WHERE state IN ('running', 'queued')
"""

_log = logging.getLogger("datalake.embedded.watchdog")


@dataclass(frozen=True)
class Queue:
    """What Airflow's database says about its tasks."""

    running: int
    oldest_queued_s: float


def read_queue(uri: str) -> Queue:
    """Running tasks, and for how long the oldest queued one has waited."""
    with (
        closing(psycopg2.connect(plain_uri(uri), connect_timeout=5)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(_QUEUED)
        running, waited = cursor.fetchone() or (0, 0.0)
        return Queue(running, waited)


class Watchdog:
    """Looks at the components, again and again.

    Args:
        servers: all components in the order of their start, without the watchdog.
        supervisor: the one that runs them.
        queue: reads Airflow's queue.
        workers: process ids of the LocalExecutor's workers.
        parallelism: tasks that Airflow runs at once, at most.
    """

    def __init__(
        self,
        servers: list[Server],
        supervisor: Supervisor,
        queue: Callable[[], Queue],
        workers: Callable[[], set[int]],
        parallelism: int,
    ) -> None:
        self._servers = servers
        self._supervisor = supervisor
        self._queue = queue
        self._workers = workers
        self._parallelism = parallelism
        self._healthy_at: dict[str, float] = {}
        self._known_workers: set[int] = set()
        self._scheduler_pid = 0
        self._has_lost_worker = False

    def look(self, now: float) -> str | None:
        """Check everything once at a Unix time; the name of the component that was restarted, if any."""
        processes = self._supervisor.processes()
        restart = self._first_unhealthy(processes, now)
        if restart is None and self._is_stuck(processes.get(airflow.SCHEDULER), now):
            restart = airflow.SCHEDULER
        if restart:
            _log.warning("restarting %s", restart)
            self._supervisor.restart_program(restart)
            self._healthy_at.pop(restart, None)
        return restart

    def _first_unhealthy(self, processes: Mapping[str, ProcessInfo], now: float) -> str | None:
        """The first component that is not healthy, once our patience with it is over."""
        for server in self._servers:
            info = processes.get(server.name)
            if info is None or info.state in ("STOPPED", "STOPPING"):
                return None
            since = max(self._healthy_at.setdefault(server.name, now), info.started_at)
            if info.pid and server.is_ready_since(info.started_at):
                self._healthy_at[server.name] = now
            elif info.state == "FATAL" or now - since > PATIENCE_S:
                return server.name
            else:
                return None
        return None

    def _is_stuck(self, scheduler: ProcessInfo | None, now: float) -> bool:
        """True when tasks wait though workers are free."""
        if scheduler is None or scheduler.state != "RUNNING":
            return False
        self._look_at_workers(scheduler.pid)
        limit_s = QUEUED_AFTER_A_DEATH_S if self._has_lost_worker else QUEUED_S
        if now - scheduler.started_at < limit_s:
            return False
        queue = self._queue()
        return queue.running < self._parallelism and queue.oldest_queued_s > limit_s

    def _look_at_workers(self, scheduler_pid: int) -> None:
        """Notice the death of a worker: the executor never ends one by itself."""
        workers = self._workers()
        if scheduler_pid != self._scheduler_pid:
            self._scheduler_pid, self._has_lost_worker = scheduler_pid, False
        elif self._known_workers - workers:
            self._has_lost_worker = True
        self._known_workers = workers


def local_executor_workers(folder: Layout) -> set[int]:
    """Process ids of this stack's LocalExecutor workers, without the tasks that they run."""
    parents: dict[int, int] = {}
    for process in marked_processes(folder.root, airflow.SCHEDULER):
        try:
            if "LocalExecutor" in " ".join(process.cmdline()):
                parents[process.pid] = process.ppid()
        except psutil.NoSuchProcess:
            continue
    return {pid for pid, parent in parents.items() if parent not in parents}


def parallelism(environment: Mapping[str, str]) -> int:
    """`[core] parallelism` as Airflow reads it."""
    name = "AIRFLOW__CORE__PARALLELISM"
    if name in environment:
        return int(environment[name])
    config = configparser.ConfigParser(interpolation=None)
    config.read(environment["AIRFLOW_CONFIG"], "utf-8")
    return config.getint("core", "parallelism", fallback=32)


def main() -> None:
    """Look around every few seconds until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stack = open_stack()
    environment = stack.parts.airflow_environment
    watchdog = Watchdog(
        [server for server in stack.parts.all() if server.name != WatchdogServer.name],
        stack.supervisor,
        lambda: read_queue(environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]),
        lambda: local_executor_workers(stack.folder),
        parallelism(environment),
    )
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    while not ended.is_set():
        beat_file(stack.folder).touch()
        try:
            watchdog.look(time.time())
        except (OSError, xmlrpc.client.Error, psycopg2.Error) as error:
            _log.warning("could not look: %s", error)
        ended.wait(PERIOD_S)


if __name__ == "__main__":
    main()
