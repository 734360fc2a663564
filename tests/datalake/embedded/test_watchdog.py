from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from datalake.embedded.executor_watch import ExecutorWatch, Queue, Workers
from datalake.embedded.ingest_watch import STILL_S, Cycle, IngestWatch
from datalake.embedded.process import Server
from datalake.embedded.restarts import FIRST_PAUSE_S, RestartBook
from datalake.embedded.state import Layout
from datalake.embedded.supervisor import ProcessInfo, Supervisor
from datalake.embedded.watchdog import Watchdog
from datalake.embedded.watchdog_server import PATIENCE_S, WatchdogServer, beat_file

STARTED = 1000.0


class Part(Server):
    """A component whose health a test decides."""

    def __init__(self, name, log):
        super().__init__(log)
        self.name = name
        self.healthy = True

    def prepare(self): ...

    def argv(self):
        return []

    def is_ready(self):
        return self.healthy


class Recorder(Supervisor):
    """A supervisor without processes that remembers what it was told."""

    def __init__(self, names):
        self.infos = {name: ProcessInfo("RUNNING", 7, "", STARTED) for name in names}
        self.restarted = []

    def processes(self):
        return self.infos

    def restart_program(self, name):
        self.restarted.append(name)


class World:
    """A watchdog with everything that it looks at."""

    def __init__(self, folder):
        names = ("postgres", "kafka", "airflow-scheduler", "airflow-triggerer")
        self.parts = [Part(name, folder / name) for name in names]
        self.supervisor = Recorder(names)
        self.queue = Queue(0, 0, 0.0)
        self.workers = Workers(frozenset({1, 2}))
        self.is_work_due = False
        self.cycle = Cycle(is_paused=False, is_at_work=False, claimed_at=0.0)
        self.book = RestartBook(folder / "restarts.json")
        executor = ExecutorWatch(lambda: self.queue, lambda: self.workers, parallelism=2)
        ingest = IngestWatch(lambda: self.is_work_due, lambda: self.cycle, executor.has_free_slot)
        self.watchdog = Watchdog(list(self.parts), self.supervisor, executor, ingest, self.book)

    def look(self, *times):
        for now in times:
            self.watchdog.look(STARTED + now)
        return self.supervisor.restarted


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_healthy_parts_are_left_alone(world):
    assert world.look(0, 100, 500, 1000) == []


def test_a_part_that_hangs_is_restarted_when_patience_ends(world):
    world.look(0)
    world.parts[1].healthy = False
    assert world.look(PATIENCE_S - 1) == []
    assert world.look(PATIENCE_S + 1) == ["kafka"]


def test_what_depends_on_a_broken_part_is_not_blamed(world):
    world.look(0)
    world.parts[0].healthy = world.parts[2].healthy = False
    assert world.look(PATIENCE_S + 1) == ["postgres"]


def test_after_an_outage_what_needs_the_part_has_time_to_come_back(world):
    world.look(0)
    world.parts[0].healthy = world.parts[2].healthy = False
    world.supervisor.infos["postgres"] = ProcessInfo("STOPPED", 0, "", STARTED)
    assert world.look(5, 300, 600) == []
    world.parts[0].healthy = True
    world.supervisor.infos["postgres"] = ProcessInfo("RUNNING", 8, "", STARTED + 601)
    assert world.look(605, 600 + PATIENCE_S) == []
    assert world.look(601 + PATIENCE_S) == ["airflow-scheduler"]


def test_a_part_the_supervisor_gave_up_is_started_at_once(world):
    world.look(0)
    world.supervisor.infos["kafka"] = ProcessInfo("FATAL", 0, "exited too quickly", STARTED)
    world.parts[1].healthy = False
    assert world.look(5) == ["kafka"]


def test_a_stack_that_is_stopping_is_left_alone(world):
    world.look(0)
    for name in world.supervisor.infos:
        world.supervisor.infos[name] = ProcessInfo("STOPPING", 7, "", STARTED)
    world.parts[0].healthy = False
    assert world.look(500) == []


def test_tasks_that_wait_though_workers_are_free_restart_the_scheduler(world):
    world.queue = Queue(running=0, queued=1, oldest_queued_s=61)
    assert world.look(0, 200) == ["airflow-scheduler"]


def test_tasks_that_wait_for_busy_workers_are_normal(world):
    world.queue = Queue(running=2, queued=1, oldest_queued_s=600)
    assert world.look(0, 200) == []


def test_a_task_that_is_about_to_start_is_normal(world):
    """A busy machine needs its time between the fork and the first word of the task."""
    world.queue = Queue(running=0, queued=1, oldest_queued_s=600)
    world.workers = Workers(frozenset({1, 2}), tasks=frozenset({3}))
    assert world.look(0, 200) == []


def test_after_the_death_of_a_worker_patience_is_short(world):
    world.look(80, 100)
    world.queue = Queue(running=0, queued=1, oldest_queued_s=20)
    assert world.look(105) == []
    world.workers = Workers(frozenset({1}))
    assert world.look(110) == ["airflow-scheduler"]


def test_a_task_that_starts_after_the_death_of_a_worker_ends_the_short_patience(world):
    world.look(80)
    world.workers = Workers(frozenset({1, 4}))
    world.look(100)
    world.workers = Workers(frozenset({1, 4}), tasks=frozenset({5}))
    world.look(105)
    world.queue = Queue(running=1, queued=1, oldest_queued_s=20)
    assert world.look(110, 115) == []


def test_a_task_from_before_the_death_of_a_worker_proves_nothing(world):
    world.workers = Workers(frozenset({1, 2}), tasks=frozenset({5}))
    world.look(80)
    world.workers = Workers(frozenset({1}), tasks=frozenset({5}))
    world.queue = Queue(running=1, queued=1, oldest_queued_s=10)
    assert world.look(100, 105) == []
    world.queue = Queue(running=1, queued=1, oldest_queued_s=20)
    assert world.look(110) == ["airflow-scheduler"]


def test_a_scheduler_has_time_from_its_first_healthy_moment(world):
    world.queue = Queue(running=0, queued=1, oldest_queued_s=600)
    world.parts[2].healthy = False
    assert world.look(0, 80) == []
    world.parts[2].healthy = True
    assert world.look(85, 140) == []
    assert world.look(146) == ["airflow-scheduler"]


def test_the_queue_is_no_reason_while_something_before_the_scheduler_is_away(world):
    world.look(0)
    world.queue = Queue(running=0, queued=1, oldest_queued_s=600)
    world.parts[0].healthy = False
    world.supervisor.infos["postgres"] = ProcessInfo("STOPPED", 0, "", STARTED)
    assert world.look(5, 300) == []
    world.parts[0].healthy = True
    world.supervisor.infos["postgres"] = ProcessInfo("RUNNING", 8, "", STARTED + 301)
    assert world.look(305, 360) == []


def test_a_scheduler_that_is_stopping_is_left_alone(world):
    world.look(0)
    world.queue = Queue(running=0, queued=1, oldest_queued_s=600)
    world.supervisor.infos["airflow-scheduler"] = ProcessInfo("STOPPING", 7, "", STARTED)
    assert world.look(200) == []


def test_a_slow_start_is_no_hang(world):
    world.parts[1].healthy = False
    world.parts[1].ready_timeout_s = 600.0
    assert world.look(0, PATIENCE_S + 1, 600) == []
    assert world.look(601) == ["kafka"]


def test_a_restart_that_does_not_help_is_repeated_less_and_less(world):
    world.look(0)
    world.parts[1].healthy = False
    looks = [look for look in range(5, 3600, 5) if world.watchdog.look(STARTED + look)]
    pauses = [later - earlier for earlier, later in pairwise(looks)]
    assert pauses[:4] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S, 8 * FIRST_PAUSE_S]


def test_every_restart_is_written_down_with_its_reason(world):
    world.queue = Queue(running=0, queued=1, oldest_queued_s=61)
    world.look(0, 200)
    (restart,) = world.book.restarts()
    assert restart.component == "airflow-scheduler"
    assert restart.reason == "no task started for 61 s though workers are free"
    assert restart.at == STARTED + 200


def test_work_that_nobody_claims_restarts_the_triggerer_then_the_scheduler(world):
    world.look(0)
    world.is_work_due = True
    assert world.look(5, STILL_S) == []
    assert world.look(STILL_S + 6) == ["airflow-triggerer"]
    assert world.look(STILL_S + 10, 2 * STILL_S) == ["airflow-triggerer"]
    assert world.look(2 * STILL_S + 20) == ["airflow-triggerer", "airflow-scheduler"]


@pytest.mark.parametrize(
    "cycle", [Cycle(True, False, 0.0), Cycle(False, True, 0.0)], ids=["paused", "at work"]
)
def test_a_consumer_that_is_paused_or_at_work_is_left_alone(world, cycle):
    world.is_work_due = True
    world.cycle = cycle
    assert world.look(0, 1000, 2000) == []


@pytest.mark.parametrize("queue", [Queue(2, 0, 0.0), Queue(1, 1, 5.0)], ids=["running", "queued"])
def test_nobody_claims_while_no_slot_is_free(world, queue):
    world.is_work_due = True
    world.queue = queue
    assert world.look(0, 1000, 2000) == []
    world.queue = Queue(1, 0, 0.0)
    assert world.look(2005, 2005 + STILL_S) == []
    assert world.look(2006 + STILL_S) == ["airflow-triggerer"]


def test_cycles_that_come_are_no_standstill(world):
    """E.g. a letter that is due again and again."""
    world.is_work_due = True
    for now in range(0, 1000, 50):
        world.cycle = Cycle(False, False, STARTED + now)
        assert world.look(now) == []


def test_nobody_claims_while_a_service_is_away(world):
    world.look(0)
    world.is_work_due = True
    world.parts[1].healthy = False
    assert world.look(5, 80) == []
    world.parts[1].healthy = True
    assert world.look(85, 85 + STILL_S) == []
    assert world.look(86 + STILL_S) == ["airflow-triggerer"]


def test_its_own_health_is_a_file_that_it_touches(tmp_path):
    folder = Layout(tmp_path)
    server = WatchdogServer(folder)
    assert not server.is_ready()
    folder.run.mkdir()
    beat_file(folder).touch()
    written = beat_file(folder).stat().st_mtime
    assert server.is_ready_since(written - 1)
    assert not server.is_ready_since(written + 1)


def test_the_parts_do_not_import_it():
    code = "import sys, datalake.embedded.parts; print('datalake.embedded.watchdog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
