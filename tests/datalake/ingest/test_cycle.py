from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalake import settings
from datalake.adapters.memory.runs import MemoryRuns
from datalake.ingest.batches import open_ui_batch
from datalake.ingest.cycle import run_cycle

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def message() -> bytes:
    return json.dumps({"event_id": str(uuid.uuid4()), "video_id": "C1", "uri": "file:///v/a.mp4"}).encode()


@pytest.fixture
def configure(pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Settings as a user writes them; give another broker to have it away."""

    def write(bootstrap: str) -> None:
        (tmp_path / "client.properties").write_text(f"bootstrap.servers={bootstrap}\n")
        settings.load.cache_clear()

    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    monkeypatch.setenv("PG_CONN_URI", pipeline.uri)
    monkeypatch.setenv("KAFKA_CLIENT_PROPERTIES", "client.properties")
    monkeypatch.setenv("KAFKA_TOPIC", pipeline.kafka.topic)
    monkeypatch.setenv("KAFKA_DEAD_LETTER_TOPIC", pipeline.kafka.dead_letter_topic)
    write(pipeline.kafka.address)
    yield write
    settings.load.cache_clear()


def test_a_cycle_claims_publishes_and_names_the_run(configure, pipeline) -> None:
    pipeline.send(message(), b"bad")
    runs = MemoryRuns()
    batch = run_cycle(runs)
    row = pipeline.row("SELECT batch_id, run_id FROM batches")
    assert batch == [
        {"trigger_run_id": row["run_id"], "conf": {"batch_id": str(row["batch_id"]), "attempt": 1}}
    ]
    assert pipeline.row("SELECT published_at FROM dead_letters")["published_at"] is not None
    runs.states[row["run_id"]] = "live"
    assert run_cycle(runs) == []


def test_a_full_pipeline_claims_nothing_and_still_triggers(configure, pipeline) -> None:
    pipeline.send(message())
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    runs = MemoryRuns()
    runs.states |= {"one": "live", "two": "live"}
    assert [run["trigger_run_id"] for run in run_cycle(runs)] == ["manual__1"]
    assert pipeline.rows("SELECT * FROM consumer_offsets") == []


def test_a_broker_that_is_away_does_not_hold_up_the_rest(configure, pipeline) -> None:
    configure("127.0.0.1:1")
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    runs = MemoryRuns()
    assert [run["trigger_run_id"] for run in run_cycle(runs)] == ["manual__1"]
    runs.states["manual__1"] = "live"
    assert run_cycle(runs) == []  # no failed run: the watcher waits for the broker


def test_letters_are_put_off_while_the_broker_is_away(configure, pipeline) -> None:
    pipeline.send(b"bad")
    pipeline.claim()
    configure("127.0.0.1:1")
    assert run_cycle(MemoryRuns()) == []
    letter = pipeline.row("SELECT attempts, next_attempt_at > now() AS waits FROM dead_letters")
    assert letter == {"attempts": 1, "waits": True}


def test_a_batch_that_fails_too_often_ends_with_letters(configure, pipeline) -> None:
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    pipeline.execute("UPDATE batches SET code_errors = 3")
    runs = MemoryRuns()
    runs.states["manual__1"] = "ended"
    assert run_cycle(runs) == []
    assert pipeline.outcomes() == [("failed", "code_error")]
    assert pipeline.row("SELECT reason, published_at IS NOT NULL AS sent FROM dead_letters") == {
        "reason": "code_error",
        "sent": True,
    }
    assert pipeline.row("SELECT finished_at FROM batches")["finished_at"] is not None


def test_a_stuck_batch_is_told_by_mail_and_mail_trouble_stops_nothing(
    configure, pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_RECEIVER", "boss@example.org")
    monkeypatch.setenv("SMTP_PORT", "1")  # nobody listens there
    monkeypatch.setenv("STUCK_AFTER_S", "60")
    settings.load.cache_clear()
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    pipeline.execute("UPDATE batches SET created_at = now() - interval '2 minutes'")
    runs = MemoryRuns()
    runs.states["manual__1"] = "live"
    assert run_cycle(runs) == []
    mail = pipeline.row("SELECT recipient, subject LIKE '%is stuck' AS tells, state FROM notifications")
    assert mail == {"recipient": "boss@example.org", "tells": True, "state": "pending"}
    assert pipeline.row("SELECT told_at IS NOT NULL AS told FROM alerts") == {"told": True}
