from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest

from datalake.adapters.memory.runs import MemoryRuns
from datalake.errors import DatabaseUnavailable
from datalake.ingest.alerts import check_alerts
from datalake.ingest.batches import open_ui_batch
from datalake.ingest.dead_letters import publish_dead_letters
from datalake.ingest.watch import Patience, Watcher

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def message() -> bytes:
    return json.dumps({"event_id": str(uuid.uuid4()), "video_id": "C1", "uri": "file:///v/a.mp4"}).encode()


class Scene:
    """A watcher, and the runs that it is told about."""

    def __init__(self, pipeline, patience: Patience) -> None:
        self.runs = MemoryRuns()
        self.watcher = Watcher(pipeline.uri, pipeline.kafka, self.runs, patience)

    def is_due(self) -> bool:
        return self.watcher.is_work_due()


@pytest.fixture
def scene(pipeline) -> Scene:
    return Scene(pipeline, Patience(messages=3, wait_s=3600, max_runs=2, stuck_after_s=1800))


def live_run_of(scene: Scene, pipeline) -> None:
    """Claim what is there; its run is live."""
    pipeline.claim()
    scene.runs.states[pipeline.row("SELECT run_id FROM batches")["run_id"]] = "live"


def test_one_message_is_due_at_once_when_the_pipeline_is_idle(scene: Scene, pipeline) -> None:
    assert not scene.is_due()
    pipeline.send(message())
    assert scene.is_due()


def test_a_busy_pipeline_waits_for_more_messages(scene: Scene, pipeline) -> None:
    pipeline.send(message())
    live_run_of(scene, pipeline)
    pipeline.send(message(), message())
    assert not scene.is_due()
    pipeline.send(message())
    assert scene.is_due()


def test_it_is_known_whether_runs_are_live(scene: Scene, pipeline) -> None:
    assert not scene.is_due() and not scene.watcher.is_busy
    pipeline.send(message())
    live_run_of(scene, pipeline)
    assert not scene.is_due() and scene.watcher.is_busy


def test_a_busy_pipeline_waits_no_longer_than_it_may(pipeline) -> None:
    scene = Scene(pipeline, Patience(messages=3, wait_s=0, max_runs=2, stuck_after_s=1800))
    pipeline.send(message())
    live_run_of(scene, pipeline)
    pipeline.send(message())
    assert scene.is_due()


def test_a_full_pipeline_claims_nothing(scene: Scene, pipeline) -> None:
    pipeline.send(message(), message(), message(), message())
    scene.runs.states |= {"other": "live", "another": "live"}
    assert not scene.is_due()


def test_a_batch_without_a_run_a_letter_and_a_mail_are_due(scene: Scene, pipeline) -> None:
    batch_id = open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    assert scene.is_due()
    scene.runs.states["manual__1"] = "live"
    assert not scene.is_due()
    open_ui_batch(pipeline.uri, "manual__2", ["\x00"])
    assert scene.is_due()
    publish_dead_letters(pipeline.uri, pipeline.kafka)
    assert not scene.is_due()
    pipeline.execute(
        "INSERT INTO notifications (batch_id, recipient, mail_message_id, subject, body_text, body_html)"
        " VALUES (%s, 'a@b.c', 'id', '', '', '')",
        batch_id,
    )
    assert not scene.is_due(), "the run's own task `notify` is about to send it"
    pipeline.execute("UPDATE notifications SET next_attempt_at = now() - interval '1 minute'")
    assert scene.is_due()
    pipeline.execute("UPDATE notifications SET state = 'sent'")
    assert not scene.is_due()


def test_replays_that_wait_for_their_turn_are_not_due(scene: Scene, pipeline) -> None:
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    pipeline.execute("UPDATE batches SET source = 'replay'")
    scene.runs.states |= {"other": "live", "another": "live"}
    assert not scene.is_due()
    scene.runs.states["other"] = "ended"
    assert scene.is_due()


def test_a_batch_that_stands_still_is_due_until_it_is_told(scene: Scene, pipeline) -> None:
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    scene.runs.states["manual__1"] = "live"
    assert not scene.is_due()
    pipeline.execute("UPDATE batches SET created_at = now() - interval '1 hour'")
    assert scene.is_due()
    check_alerts(pipeline.uri, 1800, lambda alert: [])
    assert not scene.is_due()


def test_a_stopped_partition_is_not_due_for_ever(scene: Scene, pipeline) -> None:
    pipeline.send(message())
    live_run_of(scene, pipeline)
    pipeline.execute("UPDATE consumer_offsets SET next_offset = 9")
    scene.runs.states.clear()
    pipeline.execute("UPDATE ledger SET outcome = 'done', finished_at = now()")
    assert scene.is_due()
    pipeline.claim()
    assert scene.is_due()
    check_alerts(pipeline.uri, 1800, lambda alert: [])
    assert not scene.is_due()


def test_a_missing_topic_is_due_so_that_a_claim_makes_it(pipeline) -> None:
    pipeline.kafka = replace(pipeline.kafka, topic=f"t-{uuid.uuid4().hex}")
    scene = Scene(pipeline, Patience(3, 10, 2, 1800))
    assert scene.is_due()
    pipeline.claim()
    assert not scene.is_due()


def test_a_broker_that_is_away_hides_only_messages(pipeline) -> None:
    pipeline.kafka = replace(pipeline.kafka, properties={"bootstrap.servers": "127.0.0.1:1"})
    scene = Scene(pipeline, Patience(3, 10, 2, 1800))
    assert not scene.is_due()
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    assert scene.is_due()


def test_a_database_that_is_away_is_told(pipeline) -> None:
    watcher = Watcher("postgresql://u@127.0.0.1:1/x", pipeline.kafka, MemoryRuns(), Patience(3, 10, 2, 1800))
    with pytest.raises(DatabaseUnavailable):
        watcher.is_work_due()
