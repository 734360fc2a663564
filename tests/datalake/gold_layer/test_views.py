"""What the views answer: how far, how fast, why not, how far behind."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from datalake.adapters.postgres import execute, ledger, reopening, transaction
from datalake.contracts import MediaFacts, Outcome

from .conftest import PostgresMessages, World

pytestmark = pytest.mark.postgres

TRUNCATED = Outcome(kind="quarantined", reason="truncated", detail="ends early")
BROKEN = Outcome(kind="failed", reason="code_error", detail="KeyError")


@pytest.fixture
def messages(pg_world: World) -> PostgresMessages:
    assert isinstance(pg_world.messages, PostgresMessages)
    return pg_world.messages


def test_batch_progress_adds_up(pg_world: World, messages: PostgresMessages) -> None:
    batch = uuid.uuid4()
    claimed = [messages.send(name, version=1, batch_id=batch) for name in "abcd"]
    pg_world.gold(claimed[0], "bytes")
    pg_world.catalog.record_outcome(claimed[1], TRUNCATED)
    pg_world.catalog.record_outcome(claimed[2], Outcome(kind="duplicate", reason="unchanged"))
    [progress] = messages.table("SELECT * FROM batch_progress")
    counts = ("messages", "finished", "done", "duplicate", "not_done", "in_progress")
    assert [progress[name] for name in counts] == [4, 3, 1, 1, 1, 1]
    assert (progress["batch_id"], progress["attempt"], progress["finished_at"]) == (batch, 1, None)


def balance(messages: PostgresMessages, batch: uuid.UUID) -> dict[str, Any]:
    [found] = messages.table("SELECT * FROM batch_balance WHERE batch_id = %s", batch)
    kept = {"messages", "done", "failed", "in_progress", "reopened", "balances"}
    return {name: value for name, value in found.items() if name in kept and value}


def test_a_batch_balances_until_a_row_is_lost(pg_world: World, messages: PostgresMessages) -> None:
    batch = uuid.uuid4()
    done, failed, _ = (messages.send(name, batch_id=batch) for name in "abc")
    pg_world.gold(done, "bytes")
    pg_world.catalog.record_outcome(failed, BROKEN)
    good = {"messages": 3, "done": 1, "failed": 1, "in_progress": 1, "balances": True}
    assert balance(messages, batch) == good
    with transaction(messages.uri) as connection:
        execute(connection, "DELETE FROM ledger WHERE outcome IS NULL")
    assert balance(messages, batch) == {"messages": 3, "done": 1, "failed": 1}


def test_a_row_that_moved_on_counts_in_both_batches(pg_world: World, messages: PostgresMessages) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    failed = messages.send("a", batch_id=first)
    messages.send("b", batch_id=second)
    pg_world.catalog.record_outcome(failed, BROKEN)
    with transaction(messages.uri) as connection:
        ledger.insert_batch(connection, second_try := uuid.uuid4(), "replay", "again")
        reopening.reopen(connection, second_try, [failed.message_id])
    assert balance(messages, first) == {"messages": 1, "reopened": 1, "balances": True}
    assert balance(messages, second_try) == {"messages": 1, "in_progress": 1, "balances": True}
    assert balance(messages, second) == {"messages": 1, "in_progress": 1, "balances": True}


def test_batch_without_messages_is_at_nothing(messages: PostgresMessages) -> None:
    with transaction(messages.uri) as connection:
        sql = "INSERT INTO batches (batch_id, source, run_id) VALUES (%s, 'kafka', 'r')"
        execute(connection, sql, (uuid.uuid4(),))
    [progress] = messages.table("SELECT messages, finished, in_progress FROM batch_progress")
    assert tuple(progress.values()) == (0, 0, 0)


def work_progress(messages: PostgresMessages) -> tuple[Any, ...]:
    [found] = messages.table("SELECT * FROM work_progress")
    known = tuple(found[name] for name in ("windows_done", "windows_total", "done_share", "is_waiting"))
    return (*known, found["finished_at"] is not None)


def test_work_progress_follows_the_windows(pg_world: World, messages: PostgresMessages) -> None:
    work, token, batch = pg_world.silver("bytes").work, uuid.uuid4(), uuid.uuid4()
    catalog = pg_world.catalog
    catalog.lease(work, token, batch, 1, 60)
    assert work_progress(messages) == (0, None, None, False, False)
    catalog.renew(work, token, 60, 1, 4)
    assert work_progress(messages) == (1, 4, 0.25, False, False)
    catalog.renew(work, token, -1, 2, 4)
    assert work_progress(messages) == (2, 4, 0.5, True, False)
    catalog.renew(work, token, 60, 3, 4)
    catalog.finish(work, token, "manifest.json")
    assert work_progress(messages) == (4, 4, 1.0, False, True)


def test_throughput_counts_video_seconds_by_the_hour(pg_world: World, messages: PostgresMessages) -> None:
    media = MediaFacts(container="mp4", duration_s=6.0, measured_duration_s=5.5)
    for video_id in ("a", "b"):
        video = pg_world.refined(messages.send(video_id), "bytes")
        bronze = video.bronze.model_copy(update={"media": media, "size_bytes": 3_000_000_000})
        pg_world.gold_of(video.model_copy(update={"bronze": bronze}))
    pg_world.catalog.record_outcome(messages.send("c"), TRUNCATED)
    messages.send("unfinished")
    with transaction(messages.uri) as connection:
        earlier = "UPDATE ledger SET finished_at = finished_at - interval '1 hour' WHERE video_id = 'b'"
        execute(connection, earlier)
    before, now = messages.table("SELECT * FROM throughput_by_hour ORDER BY hour")
    counts = ("messages", "done", "not_done", "video_s", "size_bytes")
    assert [before[name] for name in counts] == [1, 1, 0, 5.5, 3_000_000_000]
    assert [now[name] for name in counts] == [2, 1, 1, 5.5, 3_000_000_000]
    assert (now["hour"] - before["hour"]).total_seconds() == 3600


def test_failure_reasons_name_the_latest_example(pg_world: World, messages: PostgresMessages) -> None:
    for video_id, outcome in (("a", TRUNCATED), ("b", TRUNCATED), ("c", BROKEN)):
        pg_world.catalog.record_outcome(messages.send(video_id), outcome)
    latest = messages.send("d")
    pg_world.catalog.record_outcome(latest, TRUNCATED.model_copy(update={"detail": "ends very early"}))
    pg_world.catalog.record_outcome(messages.send("e"), Outcome(kind="cancelled"))
    pg_world.gold(messages.send("good"), "bytes")
    found = messages.table("SELECT * FROM failure_reasons ORDER BY messages DESC, outcome")
    assert [(row["outcome"], row["reason"], row["messages"]) for row in found] == [
        ("quarantined", "truncated", 3),
        ("cancelled", "cancelled", 1),
        ("failed", "code_error", 1),
    ]
    assert (found[0]["example_message_id"], found[0]["example_detail"]) == (
        latest.message_id,
        "ends very early",
    )
    assert found[0]["first_at"] < found[0]["last_at"]


def test_lag_is_the_age_of_the_oldest_unfinished_message(pg_world: World, messages: PostgresMessages) -> None:
    done, waiting = messages.send("a"), messages.send("b")
    pg_world.gold(done, "bytes")
    with transaction(messages.uri) as connection:
        for partition in (0, 1):
            values = (partition, waiting.version[2] + 1)
            sql = "INSERT INTO consumer_offsets VALUES ('c', 't', %s, 'video.arrived', 0, %s, NULL)"
            execute(connection, sql, values)
        execute(connection, "UPDATE ledger SET received_at = now() - interval '90 seconds'")
    busy, idle = messages.table("SELECT * FROM consumer_lag ORDER BY partition")
    assert (busy["in_progress"], busy["next_offset"]) == (1, waiting.version[2] + 1)
    assert busy["lag_s"] == pytest.approx(90, abs=20)
    assert (idle["in_progress"], idle["lag_s"], idle["oldest_received_at"]) == (0, None, None)
