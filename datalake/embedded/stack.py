"""The stack on this machine: `up`, `down`, `status`."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from datalake import settings
from datalake.embedded.addresses import airflow_url, given_settings, stack_addresses, write_addresses
from datalake.embedded.airflow import write_login
from datalake.embedded.databases import prepare_databases
from datalake.embedded.leftovers import end, marked_processes
from datalake.embedded.parts import Parts
from datalake.embedded.process import Server, ServerFailed, log_tail
from datalake.embedded.state import (
    Layout,
    StackState,
    choose_ports,
    layout,
    load_secrets,
    read_state,
    write_private,
)
from datalake.embedded.status import ComponentStatus, status
from datalake.embedded.supervisor import Supervisor
from datalake.embedded.topics import prepare_topics

__all__ = ["ComponentStatus", "StackState", "down", "read_state", "status", "up"]

Progress = Callable[[str], None]


def up(progress: Progress = lambda line: None) -> StackState:
    """Start what does not run yet and wait until everything is healthy.

    Args:
        progress: called with one line at a time, from other threads too.

    Raises:
        ServerFailed: a component did not become healthy; names its log and the last lines.
        PipelineError: an external PostgreSQL could not be migrated.
    """
    folder = layout()
    with _alone(folder, progress):
        stack = _Stack(folder, progress)
        stack.start()
        return stack.state


def down(progress: Progress = lambda line: None) -> None:
    """Stop everything, also what a crash left behind; data stay."""
    folder = layout()
    with _alone(folder, progress):
        _stop(folder, progress)


class _Stack:
    """One start of the stack."""

    def __init__(self, folder: Layout, progress: Progress) -> None:
        self._folder = folder
        self._progress = _one_at_a_time(progress)
        settings.Settings()  # a wrong one stops us before anything starts
        self._given = given_settings(folder)
        self._secrets = load_secrets(folder)
        self._is_running = False
        ports = self._ports()
        self.parts = Parts(folder, ports, self._secrets, self._given)
        self.supervisor = Supervisor(folder, ports["supervisor"], self._secrets.supervisor_password)
        addresses = stack_addresses(folder, ports, self._secrets, self._given)
        self._addresses = addresses
        self.state = StackState(
            root=folder.root,
            ports=ports,
            components=tuple(server.name for server in self.parts.all()),
            external=self.parts.external,
            airflow_url=airflow_url(ports),
        )

    def start(self) -> None:
        """Files first, then the supervisor, the services with what they must contain, Airflow."""
        self._make_folders()
        if self._is_running and self.supervisor.configure(self.parts.all()):
            self._progress("the configuration has changed: restarting")
            _stop(self._folder, self._progress)
            self._is_running = False
        self._prepare_stopped()
        if not self._is_running:
            self.supervisor.configure(self.parts.all())
            self.supervisor.start()
        write_addresses(self._folder, self._addresses, self.state.ports)
        write_private(self._folder.state, self.state.model_dump_json(indent=1))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(self._start_service, self.parts.services()))
            if "postgres" in self.parts.external:
                self._prepare_databases()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(self._start_server, [*self.parts.airflow, self.parts.watchdog]))

    def _ports(self) -> dict[str, int]:
        """Those of the running supervisor; else everything left over is ended and ports are chosen."""
        previous = read_state(self._folder)
        if previous:
            password = self._secrets.supervisor_password
            self._is_running = Supervisor(self._folder, previous.ports["supervisor"], password).is_running()
            if self._is_running:
                return previous.ports
        end(marked_processes(self._folder.root))
        return choose_ports(previous)

    def _make_folders(self) -> None:
        """What people and all components expect to exist."""
        write_login(self._folder, self._secrets)
        self._folder.logs.mkdir(parents=True, exist_ok=True)
        (settings.home() / "videos").mkdir(exist_ok=True)

    def _prepare_stopped(self) -> None:
        """Data folders and jars, at the same time since one of them may be a download.

        Never those of a running server: they are in use.
        """
        if not self._is_running:
            self._progress("preparing (the first time, Apache Kafka is downloaded: 43 MB)")
        running = {name for name, info in self.supervisor.processes().items() if info.pid}
        stopped = [server for server in self.parts.services() if server.name not in running]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda server: server.prepare(), stopped))

    def _start_service(self, server: Server) -> None:
        self._start_server(server)
        if server is self.parts.postgres:
            self._prepare_databases()
        if server is self.parts.kafka:
            prepare_topics(self.parts.kafka)

    def _prepare_databases(self) -> None:
        prepare_databases(self.parts, self._folder, self._given, self._progress)

    def _start_server(self, server: Server) -> None:
        """Start one component and wait until it is healthy.

        Raises:
            ServerFailed: it is not healthy in time, or the supervisor gave up.
        """
        began = time.monotonic()
        self.supervisor.start_program(server.name)
        while True:
            info = self.supervisor.processes().get(server.name)
            if info is not None and info.pid and server.is_ready_since(info.started_at):
                break
            late = time.monotonic() - began > server.ready_timeout_s
            if late or info is None or info.state == "FATAL":
                why = f"state {info.state}, {info.description}" if info else "the supervisor is gone"
                tail = log_tail(server.log)
                raise ServerFailed(f"{server.name} is not healthy ({why}); {server.log} ends with:\n{tail}")
            time.sleep(0.2)
        where = f" on 127.0.0.1:{server.port}" if server.port else ""
        self._progress(f"{server.name} is healthy{where} ({time.monotonic() - began:.1f} s)")


def _one_at_a_time(progress: Progress) -> Progress:
    """Callers need not care that lines come from several threads."""
    lock = threading.Lock()

    def report(line: str) -> None:
        with lock:
            progress(line)

    return report


def _stop(folder: Layout, progress: Progress) -> None:
    """The orderly way first, then whatever is still there."""
    state = read_state(folder)
    if state is not None:
        password = load_secrets(folder).supervisor_password
        progress("stopping Airflow, then the services")
        Supervisor(folder, state.ports["supervisor"], password).shutdown(timeout_s=90)
    left = marked_processes(folder.root)
    if left:
        progress(f"ending {len(left)} processes that were left")
        end(left)


@contextmanager
def _alone(folder: Layout, progress: Progress) -> Iterator[None]:
    """Only one `up` or `down` works on a stack at a time."""
    folder.root.mkdir(parents=True, exist_ok=True)
    with (folder.root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another `datalake up` or `down` is at work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
