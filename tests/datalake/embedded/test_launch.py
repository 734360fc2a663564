from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from datalake.embedded.launch import write_spec
from datalake.embedded.leftovers import STACK_MARK
from datalake.embedded.process import free_port, wait_until


@pytest.fixture
def launched(tmp_path):
    """Launches a Python program as a component; ended after the test."""
    started = []

    def launch(code, needs=()):
        spec, log = tmp_path / "part.json", tmp_path / "log"
        write_spec(spec, [sys.executable, "-c", code], {"GREETING": "hello"}, needs)
        with log.open("wb") as output:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "datalake.embedded.launch", str(spec)],
                    env={**os.environ, STACK_MARK: str(tmp_path)},
                    stdout=output,
                    stderr=output,
                )
            )
        return started[-1], log

    yield launch
    for process in started:
        process.kill()
        process.wait()


def test_a_spec_is_written_when_it_changes(tmp_path):
    path = tmp_path / "part.json"
    assert write_spec(path, ["a"], {}, [("host", 1)])
    assert not write_spec(path, ["a"], {}, [("host", 1)])
    assert write_spec(path, ["a"], {}, [("host", 2)])
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_becomes_the_component(launched):
    process, log = launched("import os; print(os.environ['GREETING'], os.environ['DATALAKE_COMPONENT'])")
    assert process.wait(20) == 0
    assert log.read_text() == "hello part\n"


def test_a_spec_of_an_older_version_is_run(tmp_path):
    spec = tmp_path / "part.json"
    spec.write_text(json.dumps({"argv": [sys.executable, "-c", "print('ran')"], "environment": {}}))
    done = subprocess.run(
        [sys.executable, "-m", "datalake.embedded.launch", str(spec)],
        env={**os.environ, STACK_MARK: str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("ran\n", 0)


def test_what_it_needs_is_waited_for_without_a_hot_loop(launched):
    port = free_port()
    process, log = launched("print('started')", [("127.0.0.1", port)])
    assert wait_until(lambda: log.read_text().count("waiting for") == 2, 20)
    assert process.poll() is None
    assert psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING
    with socket.create_server(("127.0.0.1", port)):
        assert process.wait(20) == 0
    assert log.read_text().endswith("started\n")


def test_a_waiting_one_can_be_stopped(launched):
    process, log = launched("print('started')", [("127.0.0.1", free_port())])
    assert wait_until(lambda: "waiting for" in log.read_text(), 20)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == -signal.SIGTERM
