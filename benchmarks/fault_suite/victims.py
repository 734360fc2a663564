"""Which processes a stack consists of, by kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from datalake.embedded.leftovers import COMPONENT_MARK, marked_processes

_SERVERS = {
    "airflow-api-server": "api server",
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag processor",
    "airflow-triggerer": "triggerer",
}
# What kills of it look like to a user; the weight is how often the kind is dealt among a hundred.
WEIGHTS = {
    "task": 18,
    "executor worker": 10,
    "media child": 8,
    "scheduler": 6,
    "scheduler helper": 2,
    "triggerer": 4,
    "triggerer helper": 4,
    "dag processor": 3,
    "dag processor helper": 2,
    "api server": 4,
    "postgres session": 7,
    "postgres helper": 3,
    "postgres": 3,
    "kafka": 5,
    "qdrant": 5,
    "smtp": 3,
    "watchdog": 1,
}
_WORKER = "airflow worker"  # a worker of the executor, and its child in which the task runs
AIRFLOW = frozenset(
    {"task", "executor worker", "scheduler helper", "triggerer helper", "dag processor helper"}
    | set(_SERVERS.values())
)


@dataclass(frozen=True)
class Seen:
    """A process as /proc shows it; `component` is empty where it hides its environment."""

    pid: int
    parent: int
    component: str
    command: str


def kind_of(process: Seen, others: dict[int, Seen]) -> str | None:
    """One of WEIGHTS; None for the supervisor, which nobody restarts, and for unknown ones.

    Args:
        process: the one in question.
        others: all processes of the stack by pid.
    """
    parent = others.get(process.parent)
    if "datalake.adapters.media.child" in process.command:
        return "media child"
    if process.command.startswith("postgres:"):
        return "postgres session" if process.command.startswith("postgres: datalake") else "postgres helper"
    if process.command.startswith(_WORKER):
        return "task" if parent and parent.command.startswith(_WORKER) else "executor worker"
    if not process.component:
        return None
    name = _SERVERS.get(process.component, process.component)
    is_main = parent is None or not parent.component
    helper = f"{name} helper"
    return name if is_main or helper not in WEIGHTS else helper


def victims(root: Path) -> dict[str, list[Seen]]:
    """Live processes of the stack in `root` by kind."""
    seen = {process.pid: process for process in _look(marked_processes(root))}
    found: dict[str, list[Seen]] = {}
    for process in sorted(seen.values(), key=lambda one: one.pid):
        if kind := kind_of(process, seen):
            found.setdefault(kind, []).append(process)
    return found


def _look(processes: Sequence[psutil.Process]) -> Iterator[Seen]:
    for process in processes:
        try:
            environment = process.environ()
            command = " ".join(process.cmdline()).strip()
            yield Seen(process.pid, process.ppid(), environment.get(COMPONENT_MARK, ""), command)
        except psutil.NoSuchProcess:
            continue
