from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.fault_suite.faults import Faults
from benchmarks.fault_suite.schedule import CRASH_POINT, POWER_CUT, crash_points
from datalake.embedded.leftovers import COMPONENT_MARK, STACK_MARK

Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts what looks like a component of the stack in `tmp_path`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(component: str) -> subprocess.Popen[bytes]:
        marks = {STACK_MARK: str(tmp_path), COMPONENT_MARK: component}
        sleep = [sys.executable, "-c", "import time; print(flush=True); time.sleep(300)"]
        process = subprocess.Popen(sleep, env={**os.environ, **marks}, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()  # its environment can be read only once it has replaced ours
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def faults(tmp_path: Path, kills: int = 20, power_on: Callable[[], object] = lambda: None) -> Faults:
    armed = tmp_path / "armed"
    armed.mkdir()
    return Faults(tmp_path, armed, kills, random.Random(1), power_on)


def test_a_process_of_the_stack_is_killed_and_remembered(start: Start, tmp_path: Path) -> None:
    kafka, ours = start("kafka"), faults(tmp_path)
    while not ours.hits:
        ours.strike()
    assert kafka.wait(10) == -signal.SIGKILL
    (hit,) = ours.hits
    assert (hit.kind, hit.pid, hit.is_airflow) == ("kafka", kafka.pid, False)


def armed(tmp_path: Path) -> tuple[Faults, Path]:
    """A crash point is all there is to hit."""
    ours = faults(tmp_path)
    ours.strike()
    assert ours.armed in crash_points()
    return ours, tmp_path / "armed" / str(ours.armed)


def test_a_death_at_a_crash_point_is_a_hit(tmp_path: Path) -> None:
    ours, file = armed(tmp_path)
    ours.watch_armed()
    assert ours.hits == []
    file.unlink()
    ours.watch_armed()
    (hit,) = ours.hits
    assert (hit.kind, hit.what) == (CRASH_POINT, file.name)
    assert ours.armed is None


def test_a_point_that_nobody_passes_is_disarmed_and_named(tmp_path: Path) -> None:
    ours, file = armed(tmp_path)
    ours.disarm()
    assert not file.exists()
    assert (ours.unreached, ours.hits, ours.armed) == ([file.name], [], None)


def test_one_point_is_armed_at_a_time(tmp_path: Path) -> None:
    ours, file = armed(tmp_path)
    ours.strike()
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_power_cut_ends_everything_and_starts_it_again(start: Start, tmp_path: Path) -> None:
    processes = [start("kafka"), start("qdrant")]
    came_back: list[bool] = []
    ours = faults(tmp_path, kills=100, power_on=lambda: came_back.append(True))
    while not came_back:
        ours.strike()
    assert [process.wait(10) for process in processes] == [-signal.SIGKILL] * 2
    assert ours.hits[-1].kind == POWER_CUT
