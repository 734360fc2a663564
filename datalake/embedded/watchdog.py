"""Restart what lives and does not work; the supervisor itself only notices processes that end.

    python -m datalake.embedded.watchdog

It looks at work, not only at ports. A component that has not been healthy for `PATIENCE_S`, while all that
start before it are, is restarted. So is the scheduler when tasks stay queued though workers are free
(`executor_watch`), and the triggerer, next time the scheduler, when work is due that nobody claims
(`ingest_watch`). Every restart is written down with its reason; each further one of the same component has to
wait longer.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
import xmlrpc.client
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from datalake.embedded import airflow
from datalake.embedded.executor_watch import ExecutorWatch, local_executor_workers, parallelism, read_queue
from datalake.embedded.ingest_watch import DatabaseRuns, DueWork, IngestWatch, read_cycle
from datalake.embedded.parts import OpenStack, open_stack
from datalake.embedded.process import Server
from datalake.embedded.restarts import Restart, RestartBook
from datalake.embedded.supervisor import ProcessInfo, Supervisor
from datalake.embedded.watchdog_server import PATIENCE_S, WatchdogServer, beat_file
from datalake.errors import PipelineError

PERIOD_S = 5.0

_log = logging.getLogger("datalake.embedded.watchdog")


@dataclass(frozen=True)
class Verdict:
    """What has to be restarted, and why."""

    component: str
    reason: str


class Watchdog:
    """Looks at the components, again and again.

    Args:
        servers: all components in the order of their start, without the watchdog.
        supervisor: the one that runs them.
        executor: looks at Airflow's queue.
        ingest: looks at the consumer.
        book: keeps the restarts.
    """

    def __init__(
        self,
        servers: list[Server],
        supervisor: Supervisor,
        executor: ExecutorWatch,
        ingest: IngestWatch,
        book: RestartBook,
    ) -> None:
        self._servers = servers
        self._supervisor = supervisor
        self._executor = executor
        self._ingest = ingest
        self._book = book
        self._healthy_at: dict[str, float] = {}
        self._excused_at: dict[str, float] = {}
        self._first_look_at: float | None = None
        self._suspects = deque([airflow.TRIGGERER, airflow.SCHEDULER])

    def look(self, now: float) -> str | None:
        """Check everything once at a Unix time; the name of the component that was restarted, if any."""
        self._first_look_at = self._first_look_at or now
        verdict = self._verdict(self._supervisor.processes(), now)
        if verdict is None or not self._book.is_allowed(verdict.component, now):
            return None
        _log.warning("restarting %s: %s", verdict.component, verdict.reason)
        self._book.write(Restart(verdict.component, verdict.reason, now))
        self._supervisor.restart_program(verdict.component)
        self._ingest.start_again()
        return verdict.component

    def _verdict(self, processes: Mapping[str, ProcessInfo], now: float) -> Verdict | None:
        """The first thing that is wrong, from the ground up."""
        unwell = self._first_unhealthy(processes, now)
        if unwell and (reason := self._reason(unwell, processes.get(unwell.name), now)):
            return Verdict(unwell.name, reason)
        if self._healthy_at.get(airflow.SCHEDULER) != now:
            self._executor.start_again()
        elif trouble := self._executor.trouble(processes[airflow.SCHEDULER], now):
            return Verdict(airflow.SCHEDULER, trouble)
        if unwell:
            self._ingest.start_again()
        elif trouble := self._ingest.trouble(now):
            suspect = self._suspects[0]
            self._suspects.rotate()
            return Verdict(suspect, trouble)
        return None

    def _first_unhealthy(self, processes: Mapping[str, ProcessInfo], now: float) -> Server | None:
        """The first component that is not healthy: those that start after it may only lack it."""
        for number, server in enumerate(self._servers, 1):
            info = processes.get(server.name)
            if info is None or not info.pid or not server.is_ready_since(info.started_at):
                self._excused_at |= {later.name: now for later in self._servers[number:]}
                return server
            self._healthy_at[server.name] = now
        return None

    def _reason(self, server: Server, info: ProcessInfo | None, now: float) -> str | None:
        """Why to restart an unhealthy component, once our patience with it is over."""
        if info is None or info.state in ("STOPPED", "STOPPING"):
            return None
        if info.state == "FATAL":
            return f"the supervisor gave up on it: {info.description}"
        healthy_at = self._healthy_at.get(server.name, self._first_look_at or now)
        was_healthy = server.name in self._healthy_at and healthy_at >= info.started_at
        patience_s = PATIENCE_S if was_healthy else max(PATIENCE_S, server.ready_timeout_s)
        waited_s = now - max(healthy_at, info.started_at, self._excused_at.get(server.name, 0.0))
        return f"not healthy for {waited_s:.0f} s" if waited_s > patience_s else None


def watchdog_of(stack: OpenStack) -> Watchdog:
    """A watchdog for a running stack."""
    uri = stack.airflow_database_uri
    executor = ExecutorWatch(
        lambda: read_queue(uri),
        lambda: local_executor_workers(stack.folder),
        parallelism(stack.parts.airflow_environment),
    )
    return Watchdog(
        [server for server in stack.parts.all() if server.name != WatchdogServer.name],
        stack.supervisor,
        executor,
        IngestWatch(DueWork(DatabaseRuns(uri)), lambda: read_cycle(uri), executor.has_free_slot),
        RestartBook.of(stack.folder),
    )


def main() -> None:
    """Look around every few seconds until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stack = open_stack()
    watchdog = watchdog_of(stack)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    while not ended.is_set():
        beat_file(stack.folder).touch()
        try:
            watchdog.look(time.time())
        except (OSError, xmlrpc.client.Error, PipelineError) as error:
            _log.warning("could not look: %s", error)
        ended.wait(PERIOD_S)


if __name__ == "__main__":
    main()
