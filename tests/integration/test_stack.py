"""The whole stack on this machine, in a home of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import AdminClient

from datalake.embedded import stack
from datalake.embedded.leftovers import marked_processes
from datalake.embedded.process import wait_until
from datalake.embedded.state import layout

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

COMPONENTS = [
    "postgres",
    "kafka",
    "qdrant",
    "smtp",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "watchdog",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project home without addresses, and no stack left in it afterwards."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATALAKE_HOME", str(folder))
        for name in ("PG_CONN_URI", "QDRANT_URL", "SMTP_SERVER", "KAFKA_CLIENT_PROPERTIES"):
            patch.delenv(name, raising=False)
        try:
            yield folder
        finally:
            stack.down()


@pytest.fixture(scope="module")
def state(home):
    return stack.up(print)


def by_name():
    return {component.name: component for component in stack.status()}


def all_healthy():
    return [c.health for c in stack.status()] == ["healthy"] * len(COMPONENTS)


def test_every_component_is_healthy(state):
    assert [component.name for component in stack.status()] == COMPONENTS
    assert wait_until(all_healthy, 30)
    assert {component.state for component in stack.status()} == {"RUNNING"}


def test_addresses_and_login_are_written_for_their_owner_only(state, home):
    files = [home / ".embedded" / name for name in ("stack.env", "secrets.json", "airflow/passwords.json")]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert f"AIRFLOW_URL='{state.airflow_url}'" in files[0].read_text()
    assert len(state.airflow_password) >= 12


def test_ports_are_open_on_the_loopback_interface_only(state):
    ours = {process.pid for process in marked_processes(layout().root)}
    listening = [c for c in psutil.net_connections("inet") if c.status == "LISTEN" and c.pid in ours]
    assert len(listening) >= len(state.ports)
    assert {connection.laddr.ip.removeprefix("::ffff:") for connection in listening} == {"127.0.0.1"}


def status_as_a_user_sees_it():
    command = [sys.executable, "-m", "datalake.serving.cli", "status"]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True).stdout


def test_status_says_where_to_look_and_how_to_log_in(state):
    shown = status_as_a_user_sees_it()
    for value in (state.airflow_url, f"admin / {state.airflow_password}", state.mails, state.logs):
        assert str(value) in shown


def test_there_is_a_folder_for_videos(state, home):
    assert (home / "videos").is_dir()


def test_topics_are_there_before_the_first_message(state):
    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{state.ports['kafka']}"})
    assert {"video.arrived", "video.dead-letter"} <= set(admin.list_topics(timeout=10).topics)


def test_a_second_up_changes_nothing_and_is_quick(state):
    before = {name: component.pid for name, component in by_name().items()}
    prepared = layout().root / "kafka" / "server.properties"
    written_at = prepared.stat().st_mtime_ns
    began = time.monotonic()
    assert stack.up() == state
    assert time.monotonic() - began < 15
    assert {name: component.pid for name, component in by_name().items()} == before
    assert prepared.stat().st_mtime_ns == written_at  # a running server's files are left alone


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_killed_component_comes_back(state, name):
    killed = by_name()[name].pid
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: by_name()[name].pid not in (0, killed), 30)
    assert wait_until(lambda: by_name()[name].health == "healthy", 90)


def test_children_of_a_killed_component_do_not_outlive_it(state):
    scheduler = psutil.Process(by_name()["airflow-scheduler"].pid)
    family = scheduler.children(recursive=True)
    scheduler.kill()
    assert wait_until(lambda: by_name()["airflow-scheduler"].pid not in (0, scheduler.pid), 30)
    assert wait_until(lambda: not any(child.is_running() for child in family), 10)


def test_down_leaves_nothing_even_after_the_supervisor_was_killed(state, home):
    root = layout().root
    supervisord = int((root / "run" / "supervisord.pid").read_text())
    os.kill(supervisord, signal.SIGKILL)
    stack.down()
    assert marked_processes(root) == []
    assert {component.state for component in stack.status()} == {"DOWN"}
    assert "login" not in status_as_a_user_sees_it()


def test_two_ups_at_once_make_one_stack(home):
    code = "from datalake.embedded import stack; print(stack.up().airflow_url)"
    root = Path(__file__).parents[2]
    runs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root)
        for _ in range(2)
    ]
    answers = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert answers[0] == answers[1]
    supervisors = [p for p in marked_processes(layout().root) if "supervisor.supervisord" in p.cmdline()]
    assert len(supervisors) == 1
    stack.down()
    assert marked_processes(layout().root) == []
