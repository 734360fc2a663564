"""Parts of a stack that go away and come back, for fault tests and benchmarks."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from datalake.embedded.leftovers import marked_processes
from datalake.embedded.parts import OpenStack
from datalake.embedded.process import wait_until

STOP_S = 20.0


class Outage(ABC):
    """One part that can be taken away, without a word, and brought back."""

    name: str

    @abstractmethod
    def begin(self) -> None:
        """Take it away; returns when it is gone."""

    @abstractmethod
    def end(self) -> None:
        """Bring it back; does not wait until it is ready."""


class ComponentOutage(Outage):
    """A component of the stack, killed with all its processes and not restarted by the supervisor.

    Args:
        stack: the stack.
        name: of the component.
    """

    def __init__(self, stack: OpenStack, name: str) -> None:
        self.name = name
        self._stack = stack

    def begin(self) -> None:
        """Freeze it, so that it notices nothing of its stop; then SIGKILL."""
        processes = marked_processes(self._stack.folder.root, self.name)
        _signal([process.pid for process in processes], signal.SIGSTOP)
        self._stack.supervisor.stop_program(self.name)
        _signal([process.pid for process in processes], signal.SIGKILL)
        wait_until(lambda: self._stack.supervisor.processes()[self.name].pid == 0, STOP_S)

    def end(self) -> None:
        """Start it as `datalake up` does."""
        self._stack.supervisor.start_program(self.name)


class FrozenProcess(Outage):
    """A server of its own that accepts connections and answers nothing.

    Args:
        name: for the report.
        pid: of the process.
    """

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self._pid = pid

    def begin(self) -> None:
        """SIGSTOP."""
        os.kill(self._pid, signal.SIGSTOP)

    def end(self) -> None:
        """SIGCONT."""
        os.kill(self._pid, signal.SIGCONT)


@contextmanager
def away(outages: Sequence[Outage]) -> Iterator[None]:
    """All of them at once, until the block ends."""
    try:
        for outage in outages:
            outage.begin()
        yield
    finally:
        for outage in outages:
            outage.end()


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
