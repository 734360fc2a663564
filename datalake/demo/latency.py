"""One message on an idle, warm stack: how long until a search finds it, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.table import Table

from datalake.demo.airflow_api import TaskTimes

# The tasks of a run in the order they happen; `layers.` is the task group.
_TASKS = ("plan", "layers.bronze", "layers.silver", "layers.gold")


@dataclass(frozen=True)
class Step:
    """Something that happened, and when."""

    name: str
    at: datetime


def steps(
    sent_at: datetime, claimed_at: datetime, tasks: Sequence[TaskTimes], found_at: datetime
) -> list[Step]:
    """Every step from the message to the search, in order of time.

    Args:
        sent_at: when the message was handed to the producer.
        claimed_at: when its ledger row was written.
        tasks: the task instances of its run.
        found_at: when a search first returned it.
    """
    found = [Step("message sent", sent_at), Step("claimed into the ledger", claimed_at)]
    for name in _TASKS:
        for task in tasks:
            if task.task_id == name and task.started_at and task.ended_at:
                found.append(Step(f"{name.removeprefix('layers.')} started", task.started_at))
                found.append(Step(f"{name.removeprefix('layers.')} ended", task.ended_at))
    found.append(Step("found by a search", found_at))
    return sorted(found, key=lambda step: step.at)


def table(found: Sequence[Step]) -> Table:
    """The steps with the seconds since the message was sent."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2))
    shown.add_column("step")
    shown.add_column("after s", justify="right")
    shown.add_column("took s", justify="right")
    before = found[0].at
    for step in found:
        since_s, took_s = (step.at - found[0].at).total_seconds(), (step.at - before).total_seconds()
        shown.add_row(step.name, f"{since_s:.2f}", f"{took_s:.2f}")
        before = step.at
    return shown
