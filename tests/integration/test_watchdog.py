"""A component that lives and hangs, under the real supervisor: it is killed and replaced."""

from __future__ import annotations

import os
import secrets
import signal
import time

import pytest

from datalake.embedded.executor_watch import ExecutorWatch, Queue, Workers
from datalake.embedded.ingest_watch import Cycle, IngestWatch
from datalake.embedded.leftovers import end, marked_processes
from datalake.embedded.process import free_ports, wait_until
from datalake.embedded.restarts import RestartBook
from datalake.embedded.smtp import SmtpServer
from datalake.embedded.state import Layout
from datalake.embedded.supervisor import Supervisor
from datalake.embedded.watchdog import Watchdog
from datalake.embedded.watchdog_server import PATIENCE_S

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    folder = Layout(tmp_path / ".embedded")
    yield folder
    end(marked_processes(folder.root))


def test_a_stopped_process_is_replaced_though_it_cannot_hear(folder):
    supervisor_port, smtp_port = free_ports(2)
    supervisor = Supervisor(folder, supervisor_port, secrets.token_hex(8))
    smtp = SmtpServer(folder.mails, smtp_port, log=folder.log("smtp"))
    supervisor.configure([smtp])
    supervisor.start()
    supervisor.start_program("smtp")
    assert wait_until(smtp.is_ready, 60)
    book = RestartBook.of(folder)
    watchdog = Watchdog(
        [smtp],
        supervisor,
        ExecutorWatch(lambda: Queue(0, 0, 0.0), lambda: Workers(frozenset()), parallelism=1),
        IngestWatch(lambda: False, lambda: Cycle(False, False, 0.0), lambda: True),
        book,
    )
    now = time.time()
    assert watchdog.look(now) is None

    hung = supervisor.processes()["smtp"].pid
    os.kill(hung, signal.SIGSTOP)
    assert wait_until(lambda: not smtp.is_ready(), 10), "it accepts connections, and says nothing"
    assert watchdog.look(now + PATIENCE_S + 1) == "smtp"
    assert wait_until(smtp.is_ready, 60)
    assert supervisor.processes()["smtp"].pid not in (0, hung)
    assert [restart.reason for restart in book.restarts("smtp")] == [
        f"not healthy for {PATIENCE_S + 1:.0f} s"
    ]
    supervisor.shutdown(30)
