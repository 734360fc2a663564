"""Services killed while videos are on their way: nothing is lost, nothing is there twice.

A first, small fault test on the whole stack; claim's crash points are tested beside claim.
"""

from __future__ import annotations

import os
import signal

import pytest

from datalake.embedded import stack
from tests.live import Live, live_stack, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

RECOVERY_S = 420


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with live_stack(tmp_path_factory.mktemp("home")) as running:
        yield running


def kill(component: str) -> None:
    process = next(status for status in stack.status() if status.name == component)
    os.kill(process.pid, signal.SIGKILL)


def task_is_running(live: Live, task: str) -> bool:
    """True while any run of the pipeline is at this task."""
    runs = live.scene.airflow.runs("video_process", "running")
    times = [found for run in runs for found in live.scene.airflow.task_times("video_process", run)]
    return any(found.task_id == task and found.state == "running" for found in times)


def in_ledger(live: Live, count: int) -> bool:
    return live.rows("SELECT count(*) AS n FROM ledger")[0]["n"] >= count


def test_kill_9_of_broker_vectors_and_database_during_a_batch(live):
    messages = [live.fresh("faulty")[0] for _ in range(6)]
    live.scene.send(messages[:3])
    kill("kafka")
    wait_until(lambda: in_ledger(live, 3), RECOVERY_S, lambda: "the broker's messages were not claimed")
    wait_until(lambda: task_is_running(live, "layers.silver"), RECOVERY_S, lambda: "silver never ran")
    kill("qdrant")
    kill("postgres")
    live.scene.send(messages[3:])

    looked = live.wait_for(messages, RECOVERY_S)

    assert {state.outcome for state in looked.states.values()} == {"done"}
    assert live.balance().is_settled
    assert live.rows("SELECT count(*) AS n FROM ledger")[0]["n"] == len(messages)
    kept = live.rows("SELECT count(*) AS n FROM frames WHERE point_id IS NOT NULL")[0]["n"]
    assert live.scene.points() == kept > 0
    assert live.rows("SELECT count(*) AS n FROM videos")[0]["n"] == len(messages)
    for message in messages:
        hits = live.scene.first_hits("bicycle race", limit=500)
        assert message.video_id in {hit.video_id for hit in hits}
    repeated = live.rows("SELECT recipient, batch_id FROM notifications WHERE state <> 'sent'")
    assert repeated == []
