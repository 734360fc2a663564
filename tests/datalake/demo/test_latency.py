from __future__ import annotations

from datetime import datetime, timedelta

from rich.console import Console

from datalake.demo.airflow_api import TaskTimes
from datalake.demo.latency import steps, table

from .conftest import NOON


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def ran(task_id: str, start_s: float | None, end_s: float | None) -> TaskTimes:
    started, ended = (None if second is None else at(second) for second in (start_s, end_s))
    return TaskTimes(task_id, "success", None, started, ended)


TASKS = [ran("notify", 8, 9), ran("layers.gold", 6, 7), ran("plan", 2, 3), ran("layers.bronze", 4, 5)]


def test_steps_are_in_order_of_time_whatever_they_are_called() -> None:
    found = steps(at(0), at(1), TASKS, at(6.5))
    assert [(step.name, (step.at - NOON).total_seconds()) for step in found] == [
        ("message sent", 0),
        ("claimed into the ledger", 1),
        ("plan started", 2),
        ("plan ended", 3),
        ("bronze started", 4),
        ("bronze ended", 5),
        ("gold started", 6),
        ("found by a search", 6.5),
        ("gold ended", 7),
    ]


def test_a_task_that_has_not_ended_is_left_out() -> None:
    found = steps(at(0), at(1), [ran("plan", 2, None), ran("layers.gold", None, None)], at(3))
    assert [step.name for step in found] == ["message sent", "claimed into the ledger", "found by a search"]


def test_the_table_counts_from_the_message_and_from_the_step_before(console: Console) -> None:
    console.print(table(steps(at(0), at(1.25), [ran("plan", 2, 3.5)], at(10))))
    cells = [line.rsplit(maxsplit=2) for line in console.export_text().splitlines()[1:]]
    assert [(name.strip(), after, took) for name, after, took in cells] == [
        ("message sent", "0.00", "0.00"),
        ("claimed into the ledger", "1.25", "1.25"),
        ("plan started", "2.00", "0.75"),
        ("plan ended", "3.50", "1.50"),
        ("found by a search", "10.00", "6.50"),
    ]
