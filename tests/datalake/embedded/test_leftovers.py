from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from datalake.embedded.leftovers import COMPONENT_MARK, STACK_MARK, end, marked_processes

ORPHAN = """
import subprocess, sys
code = "import signal, time; CODE print('x', flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
child.stdout.readline()
print(child.pid, flush=True)
child.returncode = 0
"""


@pytest.fixture
def orphan(tmp_path):
    """Starts a marked process whose parent has ended."""
    found = []

    def start(component="part", code=""):
        environment = {**os.environ, STACK_MARK: str(tmp_path), COMPONENT_MARK: component}
        command = [sys.executable, "-c", ORPHAN.replace("CODE", code)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=30
        )
        found.append(psutil.Process(int(done.stdout)))
        return found[-1]

    yield start
    end(found, grace_s=0)


def test_a_process_is_found_by_its_mark_after_its_parent_ended(orphan, tmp_path):
    process = orphan()
    assert [found.pid for found in marked_processes(tmp_path)] == [process.pid]
    assert marked_processes(tmp_path / "other") == []


def test_a_component_is_found_among_others(orphan, tmp_path):
    one, other = orphan("one"), orphan("other")
    assert [found.pid for found in marked_processes(tmp_path, "one")] == [one.pid]
    assert {found.pid for found in marked_processes(tmp_path)} == {one.pid, other.pid}


def test_this_process_is_never_a_leftover(tmp_path):
    module = "datalake.embedded.leftovers"
    code = f"from {module} import marked_processes; print(marked_processes({str(tmp_path)!r}))"
    environment = {**os.environ, STACK_MARK: str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_end_is_gentle_first_and_firm_then(orphan):
    gentle = orphan()
    stubborn = orphan(code="signal.signal(signal.SIGTERM, signal.SIG_IGN);")
    end([gentle, stubborn], grace_s=0.5)
    assert not gentle.is_running()
    assert not stubborn.is_running()
