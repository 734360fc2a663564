"""A server as a child process in the foreground: what every part of the embedded stack is made of."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from datalake.errors import TransientError

LOOPBACK = "127.0.0.1"


class ServerFailed(TransientError):
    """A server ended or did not become ready; the message holds its log's path and last lines."""


def free_ports(count: int) -> list[int]:
    """Different TCP ports on the loopback interface that nothing listens on at this moment."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in sockets]


def free_port() -> int:
    """One port as `free_ports` gives it."""
    return free_ports(1)[0]


def is_listening(port: int) -> bool:
    """True when something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def python_argv(module: str, *arguments: str | Path) -> list[str]:
    """The command line that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, empty if there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def wait_until(
    ready: Callable[[], bool],
    timeout_s: float,
    alive: Callable[[], bool] = lambda: True,
    every_s: float = 0.05,
) -> bool:
    """Poll `ready`; False when the time is over or `alive` says there is nothing to wait for."""
    deadline = time.monotonic() + timeout_s
    while alive() and time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(every_s)
    return False


class Server(ABC):
    """One server: how to lay out its files, how to run it, how to tell that it serves.

    The supervisor uses `prepare`, `argv`, `env` and `is_ready`; tests use it as a context manager.
    """

    name: str
    port: int = 0
    ready_timeout_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM

    def __init__(self, log: Path) -> None:
        self.log = log
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Create whatever must exist before the first start; does nothing the second time."""

    @abstractmethod
    def argv(self) -> list[str]:
        """The command line; the process stays in the foreground and logs to stderr."""

    @abstractmethod
    def is_ready(self) -> bool:
        """True when the server answers its own protocol."""

    def is_ready_since(self, started_at: float) -> bool:
        """Like `is_ready`, for a process started at this Unix time; overridden where answers can be stale."""
        return self.is_ready()

    def env(self) -> Mapping[str, str]:
        """Environment variables that the server needs beyond the inherited ones."""
        return {}

    def needs(self) -> Sequence[tuple[str, int]]:
        """Hosts and ports of what the server cannot start without."""
        return ()

    def start(self) -> Self:
        """Prepare, start as a child of this process and wait until ready.

        Raises:
            ServerFailed: it ended, or was not ready in time.
        """
        self.prepare()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.argv(),
                env={**os.environ, **self.env()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        child = self._child
        if not wait_until(self.is_ready, self.ready_timeout_s, lambda: child.poll() is None):
            self.stop()
            raise ServerFailed(f"{self.name} did not start; the end of {self.log}:\n{log_tail(self.log)}")
        return self

    def stop(self, grace_s: float = 15.0) -> None:
        """Ask the process to end, and kill it when it does not."""
        child, self._child = self._child, None
        if child is None:
            return
        child.send_signal(self.stop_signal)
        try:
            child.wait(grace_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
