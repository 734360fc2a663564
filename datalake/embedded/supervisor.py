"""The process supervisor (package `supervisor`): its configuration, its start, and its API."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalake import settings
from datalake.embedded.launch import write_spec
from datalake.embedded.leftovers import STACK_MARK, end, marked_processes
from datalake.embedded.process import LOOPBACK, Server, ServerFailed, is_listening, log_tail, wait_until
from datalake.embedded.state import Layout, write_private

_USER = "datalake"
_NO_SUCH_PROCESS, _ALREADY_STARTED, _NOT_RUNNING = 10, 60, 70


@dataclass(frozen=True)
class ProcessInfo:
    """What the supervisor knows about a program."""

    state: str
    pid: int
    description: str
    started_at: float


class Supervisor:
    """The supervisor of one stack.

    Args:
        folder: the stack's files.
        port: of its HTTP API on the loopback interface.
        password: of that API.
    """

    def __init__(self, folder: Layout, port: int, password: str) -> None:
        self._folder = folder
        self._port = port
        self._password = password

    @property
    def configuration(self) -> Path:
        """supervisord.conf."""
        return self._folder.run / "supervisord.conf"

    def configure(self, servers: Iterable[Server]) -> bool:
        """Write the configuration and every command line; True when that changed anything."""
        common = {STACK_MARK: str(self._folder.root)}
        changed = False
        sections = [self._own_section()]
        for priority, server in enumerate(servers, 1):
            spec = self._folder.run / f"{server.name}.json"
            changed |= write_spec(spec, server.argv(), {**common, **server.env()}, server.needs())
            sections.append(_program_section(server, spec, priority))
        text = "\n".join(sections)
        if not self.configuration.exists() or self.configuration.read_text("utf-8") != text:
            write_private(self.configuration, text)
            changed = True
        return changed

    def start(self) -> None:
        """Start the supervisor in the background; no program runs yet.

        Raises:
            ServerFailed: it did not come up.
        """
        self._folder.logs.mkdir(parents=True, exist_ok=True)
        log = self._folder.log("supervisord")
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.configuration)],
            env={**os.environ, STACK_MARK: str(self._folder.root), "PYTHONPATH": _python_path()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not wait_until(self.is_running, 15):
            raise ServerFailed(f"the supervisor did not start: {done.stderr}{done.stdout}{log_tail(log)}")

    def is_running(self) -> bool:
        """True when our supervisor answers on its port."""
        if not is_listening(self._port):
            return False
        try:
            with self._api() as api:
                return bool(api.getState()["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def processes(self) -> dict[str, ProcessInfo]:
        """Every program by name; empty when the supervisor does not run."""
        if not is_listening(self._port):
            return {}
        with self._api() as api:
            programs = api.getAllProcessInfo()
        return {
            found["name"]: ProcessInfo(
                state=found["statename"],
                pid=found["pid"],
                description=found["spawnerr"] or found["description"],
                started_at=float(found["start"]),
            )
            for found in programs
        }

    def start_program(self, name: str) -> None:
        """Start a program unless it runs; does not wait."""
        self._call("startProcess", name, False, accepted_fault=_ALREADY_STARTED)

    def stop_program(self, name: str) -> None:
        """Stop a program unless it is stopped; does not wait."""
        self._call("stopProcess", name, False, accepted_fault=_NOT_RUNNING)

    def restart_program(self, name: str) -> None:
        """Kill a program with all that it started; does not wait for the next one.

        It is never stopped, so the supervisor starts it again even when the caller dies halfway.
        """
        info = self.processes().get(name)
        if info is not None and info.state == "FATAL":
            self.start_program(name)
            return
        family = marked_processes(self._folder.root, name)
        self._call("signalProcess", name, "KILL", accepted_fault=_NOT_RUNNING)
        end(family, grace_s=0)

    def shutdown(self, timeout_s: float) -> None:
        """Stop every program and the supervisor, Airflow first; waits at most so long."""
        if not self.is_running():
            return
        try:
            for name in self.processes():
                if name.startswith("airflow"):
                    self.stop_program(name)
            with self._api() as api:
                api.shutdown()
        except (OSError, xmlrpc.client.Error):
            return
        wait_until(lambda: not is_listening(self._port), timeout_s)

    @contextmanager
    def _api(self) -> Iterator[Any]:
        url = f"http://{_USER}:{self._password}@{LOOPBACK}:{self._port}/RPC2"
        with xmlrpc.client.ServerProxy(url) as proxy:
            yield proxy.supervisor

    def _call(self, method: str, name: str, argument: bool | str, accepted_fault: int) -> None:
        try:
            with self._api() as api:
                getattr(api, method)(name, argument)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != accepted_fault:
                raise ServerFailed(f"{name}: the supervisor refused {method}: {fault.faultString}") from fault

    def _own_section(self) -> str:
        run, user = self._folder.run, f"user={_user_name()}\n" if os.geteuid() == 0 else ""
        return (
            f"[supervisord]\n{user}"
            f"logfile={_escape(self._folder.log('supervisord'))}\nlogfile_maxbytes=5MB\nlogfile_backups=1\n"
            f"pidfile={_escape(run / 'supervisord.pid')}\nchildlogdir={_escape(self._folder.logs)}\n"
            "minfds=1024\nminprocs=64\n\n"
            f"[inet_http_server]\nport={LOOPBACK}:{self._port}\nusername={_USER}\npassword={self._password}\n\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        )


def _program_section(server: Server, spec: Path, priority: int) -> str:
    command = shlex.join([sys.executable, "-m", "datalake.embedded.launch", str(spec)]).replace("%", "%%")
    return (
        f"[program:{server.name}]\ncommand={command}\ndirectory={_escape(settings.home().absolute())}\n"
        f"priority={priority}\nautostart=false\nautorestart=true\nstartsecs=1\nstartretries=60\n"
        f"stopsignal={server.stop_signal.name.removeprefix('SIG')}\nstopwaitsecs=15\nkillasgroup=true\n"
        f"redirect_stderr=true\nstdout_logfile={_escape(server.log)}\n"
        "stdout_logfile_maxbytes=20MB\nstdout_logfile_backups=2\n"
    )


def _escape(path: Path) -> str:
    return str(path).replace("%", "%%")


def _user_name() -> str:
    return str(os.geteuid())


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(settings.PROJECT_ROOT), os.environ.get("PYTHONPATH"))))
