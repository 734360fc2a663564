"""How every component of the stack is."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from datalake.embedded.parts import open_stack
from datalake.embedded.process import Server
from datalake.embedded.restarts import Restart, RestartBook
from datalake.embedded.state import layout, read_state
from datalake.embedded.supervisor import ProcessInfo


@dataclass(frozen=True)
class ComponentStatus:
    """One line of `status`.

    Attributes:
        name: of the component.
        state: the supervisor's word (RUNNING, STARTING, BACKOFF, FATAL, STOPPED), `EXTERNAL` or `DOWN`.
        pid: of the process, 0 if there is none.
        health: `healthy` when it answers its own protocol, else `unhealthy`; `-` for external parts.
        port: on 127.0.0.1, 0 if it listens on none.
        note: uptime, or why it does not run.
        restarts: how often the watchdog restarted it, of its newest 200 restarts.
        last_restart: why and when it did so last, for people; empty if it never did.
    """

    name: str
    state: str
    pid: int
    health: str
    port: int
    note: str
    restarts: int = 0
    last_restart: str = ""


def status() -> list[ComponentStatus]:
    """Every component, in the order in which they start; empty before the first `up`."""
    folder = layout()
    if read_state(folder) is None:
        return []
    stack = open_stack(folder)
    processes = stack.supervisor.processes()
    book = RestartBook.of(folder)
    with ThreadPoolExecutor(8) as threads:
        own = threads.map(
            lambda server: _component_status(server, processes.get(server.name), book.restarts(server.name)),
            stack.parts.all(),
        )
    external = [
        ComponentStatus(name, "EXTERNAL", 0, "-", 0, why) for name, why in stack.parts.external.items()
    ]
    return [*own, *external]


def _component_status(server: Server, info: ProcessInfo | None, restarts: list[Restart]) -> ComponentStatus:
    last = restarts[-1].told(time.time()) if restarts else ""
    if info is None:
        note = "the stack is not running"
        return ComponentStatus(server.name, "DOWN", 0, "unhealthy", server.port, note, len(restarts), last)
    health = "healthy" if info.pid and server.is_ready_since(info.started_at) else "unhealthy"
    return ComponentStatus(
        server.name, info.state, info.pid, health, server.port, info.description, len(restarts), last
    )
