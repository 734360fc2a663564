from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from datalake.settings import PROJECT_ROOT
from tests.lanes import Lanes, is_alone

SIDE = [f"tests/datalake/test_{number}.py::test" for number in range(20)]
ALONE = [f"tests/e2e/test_spine.py::test_{number}" for number in range(3)]
NAMES = [*SIDE[:15], *ALONE, *SIDE[15:]]


@dataclass(eq=False)
class Worker:
    """Keeps its last test until it is given another one or told to end, as a worker of xdist does."""

    shutting_down: bool = False
    queue: list[int] = field(default_factory=list)
    wanted_back: list[int] = field(default_factory=list)
    gateway: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(id="worker"))

    def send_runtest_some(self, indices: list[int]) -> None:
        self.queue.extend(indices)

    def send_steal(self, indices: list[int]) -> None:
        self.wanted_back = indices

    def shutdown(self) -> None:
        self.shutting_down = True


class Run:
    """A controller in small; `log` tells which worker ran what, and who ended."""

    def __init__(self, workers: int, names: list[str]) -> None:
        config = SimpleNamespace(getvalue=lambda _: ["popen"] * workers, hook=None)
        self.lanes, self.names = Lanes(config), names
        self.workers = [Worker() for _ in range(workers)]
        self.log: list[tuple[int, str]] = []
        for worker in self.workers:
            self.lanes.add_node(worker)
        for worker in self.workers:
            self.lanes.add_node_collection(worker, names)
        self.lanes.schedule()

    def to_the_end(self) -> list[tuple[int, str]]:
        """Serve the workers in turn, the first one thrice as fast, until they have all ended."""
        for _ in range(1000):
            for number in (0, 0, 0, *range(1, len(self.workers))):
                self._serve(number)
            if self.lanes.tests_finished:
                for worker in self.lanes.nodes:
                    worker.shutdown()
            if not self.lanes.nodes:
                return self.log
        raise AssertionError(f"never ends: {self.log}")

    def _serve(self, number: int) -> None:
        worker = self.workers[number]
        if worker not in self.lanes.nodes:
            return
        if worker.wanted_back:
            back = [index for index in worker.wanted_back if index in worker.queue[2:]]
            worker.queue = [index for index in worker.queue if index not in back]
            worker.wanted_back = []
            self.lanes.remove_pending_tests_from_node(worker, back)
        if len(worker.queue) > 1 or (worker.queue and worker.shutting_down):
            index = worker.queue.pop(0)
            self.log.append((number, self.names[index]))
            self.lanes.mark_test_complete(worker, index)
        elif worker.shutting_down:
            self.log.append((number, "ended"))
            assert self.lanes.remove_node(worker) is None


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_test_runs_once_and_the_alone_ones_when_one_worker_is_left(workers: int) -> None:
    log = Run(workers, NAMES).to_the_end()
    assert sorted(name for _, name in log if name != "ended") == sorted(NAMES)
    first = next(place for place, (_, name) in enumerate(log) if is_alone(name))
    assert [name for _, name in log[first:] if name != "ended"] == ALONE
    assert len({worker for worker, _ in log[first:]}) == 1
    assert sum(name == "ended" for _, name in log[:first]) == workers - 1


def test_all_workers_run_side_by_side() -> None:
    log = Run(2, NAMES).to_the_end()
    assert {worker for worker, name in log if name in SIDE} == {0, 1}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    "names", [SIDE, ALONE, [], SIDE[:1], *([*SIDE[:few], *ALONE] for few in range(1, 5))], ids=len
)
def test_a_lane_may_be_short(names: list[str], workers: int) -> None:
    log = Run(workers, names).to_the_end()
    assert sorted(name for _, name in log if name != "ended") == sorted(names)


def test_what_starts_a_stack_is_known_to_the_lanes() -> None:
    """The controller knows the tests by their names only, so the marker cannot tell it."""
    marked = [
        name
        for path in sorted((PROJECT_ROOT / "tests").rglob("test_*.py"))
        if "pytest.mark.stack" in path.read_text("utf-8")
        and (name := path.relative_to(PROJECT_ROOT).as_posix()) != "tests/test_lanes.py"
    ]
    assert len(marked) >= 4
    assert [name for name in marked if not is_alone(name)] == []
