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
from benchmarks.fault_suite.schedule import CRASH_POINT, OUTAGE, POWER_CUT, crash_points
from benchmarks.outage import Outage
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


class Part(Outage):
    """Remembers whether it is there."""

    name = "part"
    is_there = True

    def begin(self) -> None:
        self.is_there = False

    def end(self) -> None:
        self.is_there = True


def faults(tmp_path: Path, kills: int = 20, seed: int = 1, **more: object) -> Faults:
    armed = tmp_path / "armed"
    armed.mkdir(exist_ok=True)
    return Faults(tmp_path, armed, kills, random.Random(seed), **{"outages": [Part()], **more})


def dealing(tmp_path: Path, kind: str) -> tuple[Faults, Part]:
    """Faults whose deck has this kind on top."""
    part = Part()
    for seed in range(1000):
        ours = faults(tmp_path, kills=100, seed=seed, outages=[part])
        if ours.next_kind == kind:
            return ours, part
    raise AssertionError(f"{kind} is never dealt first")


def test_a_process_of_the_stack_is_killed_and_remembered(start: Start, tmp_path: Path) -> None:
    kafka = start("kafka")
    ours, _ = dealing(tmp_path, "kafka")
    ours.strike()
    assert kafka.wait(10) == -signal.SIGKILL
    (hit,) = ours.hits
    assert (hit.kind, hit.pid, hit.is_airflow) == ("kafka", kafka.pid, False)


def armed(tmp_path: Path) -> tuple[Faults, Path]:
    ours, _ = dealing(tmp_path, CRASH_POINT)
    ours.strike()
    assert ours.armed in crash_points()
    return ours, tmp_path / "armed" / str(ours.armed)


def test_a_death_at_a_crash_point_is_a_hit(tmp_path: Path) -> None:
    ours, file = armed(tmp_path)
    ours.look()
    assert ours.hits == []
    file.unlink()
    ours.look()
    (hit,) = ours.hits
    assert (hit.kind, hit.what) == (CRASH_POINT, file.name)
    assert ours.armed is None


def test_a_point_that_nobody_passes_is_disarmed_and_named(tmp_path: Path) -> None:
    ours, file = armed(tmp_path)
    ours.finish()
    assert not file.exists()
    assert (ours.unreached, ours.hits, ours.armed) == ([file.name], [], None)


def test_a_part_is_taken_away_and_comes_back(tmp_path: Path) -> None:
    ours, part = dealing(tmp_path, OUTAGE)
    ours.strike()
    assert not part.is_there
    assert [hit.kind for hit in ours.hits] == [OUTAGE]
    ours.look()
    assert not part.is_there, "its time is not over"
    ours.finish()
    assert part.is_there


def test_a_power_cut_ends_everything_and_starts_it_again(start: Start, tmp_path: Path) -> None:
    processes = [start("kafka"), start("qdrant")]
    came_back: list[bool] = []
    ours, _ = dealing(tmp_path, POWER_CUT)
    ours.power_on = lambda: came_back.append(True)
    ours.strike()
    for process in processes:
        process.wait(10)
    assert came_back == [True]
    assert ours.hits[-1].kind == POWER_CUT
