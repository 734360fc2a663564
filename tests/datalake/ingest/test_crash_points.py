"""kill -9 between any two statements: afterwards nothing is lost, and nothing is there twice."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from datalake import ingest
from datalake.crash_points import FOLDER
from datalake.ingest.batches import assert_finished, open_ui_batch, unfinished
from datalake.ingest.dead_letters import publish_dead_letters
from datalake.ingest.ledger import ledger_balance

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SOURCE = "\n".join(path.read_text() for path in Path(ingest.__file__).parent.glob("*.py"))
POINTS = re.findall(r'crash_point\("([a-z_.]+)"\)', SOURCE)
CLAIM_POINTS = sorted(name for name in POINTS if name.startswith("claim."))
LETTER_POINTS = sorted(name for name in POINTS if name.startswith("letters."))
BATCH_POINTS = sorted(name for name in POINTS if name.startswith("batches."))

CLAIM = """
import json, sys
from datalake.adapters.kafka import Kafka
from datalake.ingest.claim import claim
from datalake.ingest.dead_letters import publish_dead_letters
from datalake.ingest.reading import Limits

uri, kafka = sys.argv[1], Kafka(*json.loads(sys.argv[2]))
claim(uri, kafka, Limits(100, 10**8, 10**6, False))
publish_dead_letters(uri, kafka)
"""
DUE_RUNS = """
import sys
from datalake.adapters.memory.runs import MemoryRuns
from datalake.adapters.postgres.catalog import PostgresCatalog
from datalake.ingest.batches import due_runs

uri, run_id = sys.argv[1:]
runs = MemoryRuns()
runs.states[run_id] = "ended"
print(len(due_runs(uri, runs, 2, 3, PostgresCatalog(uri, lambda report: []).record_outcome)))
"""


ELSEWHERE = ["cancel.before_commit", "reopen.after_rows"]  # visited beside what they are in


def message(event_id: uuid.UUID) -> bytes:
    return json.dumps({"event_id": str(event_id), "video_id": "C1", "uri": "file:///v/a.mp4"}).encode()


@pytest.fixture
def armed(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """The environment of a process that dies at this point."""

    def arm(point: str) -> dict[str, str]:
        (tmp_path / point).touch()
        return {FOLDER: str(tmp_path)}

    return arm


def cycle_in_a_process(pipeline, **environment: str) -> int:
    """Claim and publish in a process of its own; its return code."""
    kafka = pipeline.kafka
    where = json.dumps([dict(kafka.properties), kafka.topic, kafka.dead_letter_topic, kafka.group_id])
    command = [sys.executable, "-c", CLAIM, pipeline.uri, where]
    return subprocess.run(command, env={**os.environ, **environment}, check=False, timeout=60).returncode


def due_in_a_process(ledger, run_id: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What is due after the run ended, decided in a process of its own."""
    command = [sys.executable, "-c", DUE_RUNS, ledger.uri, run_id]
    environ = {**os.environ, **environment}
    return subprocess.run(command, env=environ, check=False, timeout=60, capture_output=True, text=True)


def test_points_are_named_once_and_each_is_visited() -> None:
    assert sorted(POINTS) == sorted([*CLAIM_POINTS, *LETTER_POINTS, *BATCH_POINTS, *ELSEWHERE])
    assert len(POINTS) == len(set(POINTS))
    assert len(CLAIM_POINTS) >= 15
    assert len(LETTER_POINTS) >= 4


@pytest.mark.parametrize("point", [*CLAIM_POINTS, *LETTER_POINTS])
def test_a_kill_there_loses_and_repeats_nothing(pipeline, armed, point: str) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    pipeline.send(message(first), b"bad", message(first), message(second), None)
    assert cycle_in_a_process(pipeline, **armed(point)) == -signal.SIGKILL
    while pipeline.claim():
        pass
    publish_dead_letters(pipeline.uri, pipeline.kafka)
    assert pipeline.outcomes() == [
        (None, None),
        ("rejected", "not_json"),
        ("duplicate", "event_id_seen"),
        (None, None),
        ("rejected", "no_value"),
    ]
    assert len(pipeline.rows("SELECT FROM batches")) == 1
    assert len(pipeline.rows("SELECT FROM dead_letters WHERE published_at IS NOT NULL")) == 2
    balance = ledger_balance(pipeline.uri, pipeline.kafka)
    assert (balance.arrived, balance.unread, balance.balances) == (5, 0, True)


def test_a_kill_before_the_next_attempt_is_committed_leaves_the_attempt_as_it_was(ledger, armed) -> None:
    batch_id = open_ui_batch(ledger.uri, "run", ["file:///v/a.mp4", "file:///v/b.mp4"])
    killed = due_in_a_process(ledger, "run", **armed("batches.after_advance"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert ledger.row("SELECT attempt, run_id FROM batches") == {"attempt": 1, "run_id": "run"}
    again = due_in_a_process(ledger, "run")
    assert (again.returncode, again.stdout) == (0, "0\n"), again.stderr
    assert ledger.row("SELECT attempt, run_id FROM batches") == {"attempt": 2, "run_id": f"{batch_id}-2"}
    assert len(unfinished(ledger.uri, batch_id, 2, f"{batch_id}-2")) == 2


def test_a_kill_while_a_batch_is_given_up_leaves_the_rest_to_the_next_look(ledger, armed) -> None:
    batch_id = open_ui_batch(ledger.uri, "run", ["file:///v/a.mp4", "file:///v/b.mp4"])
    ledger.execute("UPDATE batches SET code_errors = 3")
    killed = due_in_a_process(ledger, "run", **armed("batches.after_failed"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert sorted(ledger.outcomes(), key=str) == [("failed", "code_error"), (None, None)]
    assert due_in_a_process(ledger, "run").returncode == 0
    assert ledger.outcomes() == [("failed", "code_error")] * 2
    assert ledger.row("SELECT count(*) FROM dead_letters")["count"] == 2
    assert_finished(ledger.uri, batch_id)
    assert ledger.row("SELECT finished_at IS NOT NULL AS ended FROM batches")["ended"]


def test_a_process_dies_only_once(pipeline, armed) -> None:
    environment = armed("claim.after_ledger")
    pipeline.send(message(uuid.uuid4()))
    assert cycle_in_a_process(pipeline, **environment) == -signal.SIGKILL
    assert cycle_in_a_process(pipeline, **environment) == 0
    assert pipeline.outcomes() == [(None, None)]
