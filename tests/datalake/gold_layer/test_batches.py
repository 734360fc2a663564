"""The end of a batch on PostgreSQL: outcomes, dead letters, and each mail once."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from datalake.adapters.postgres import execute, transaction
from datalake.adapters.postgres.batches import finish_batch, write_outcome
from datalake.contracts import Finding, Outcome, SourceFacts

from .conftest import RECEIVER, PostgresMessages, World, compose
from .examples import bronze_of

pytestmark = pytest.mark.postgres

TRUNCATED = Finding(
    code="truncated", severity="error", evidence="ends after 2 of 10 s", remedy="send the whole file"
)
QUARANTINED = Outcome(kind="quarantined", reason="truncated", detail="ends early", findings=(TRUNCATED,))


@pytest.fixture
def messages(pg_world: World) -> PostgresMessages:
    assert isinstance(pg_world.messages, PostgresMessages)
    return pg_world.messages


def mails(messages: PostgresMessages) -> dict[str, str]:
    found = messages.table("SELECT recipient, body_text FROM notifications ORDER BY recipient")
    return {mail["recipient"]: mail["body_text"] for mail in found}


def test_rows_hold_what_was_found(pg_world: World, messages: PostgresMessages) -> None:
    claimed = messages.send("a", version=7)
    pg_world.gold(claimed, "bytes")
    [video] = messages.table("SELECT * FROM videos")
    assert (video["message_id"], video["version"], video["kept_count"]) == (claimed.message_id, 7, 3)
    frames = messages.table("SELECT * FROM frames ORDER BY time_us")
    assert [frame["duplicate_of_us"] for frame in frames] == [None, None, None, 0]
    assert frames[0]["labels"] == [{"name": "rabbit", "score": 0.5}]
    [ledger] = messages.table("SELECT asset_id, outcome, finished_at FROM ledger")
    assert ledger["asset_id"] == video["asset_id"]
    [batch] = messages.table("SELECT finished_at FROM batches")
    assert batch["finished_at"] == ledger["finished_at"]


def test_frames_go_with_their_last_holder(pg_world: World, messages: PostgresMessages) -> None:
    pg_world.gold(messages.send("a", version=1), "old bytes")
    pg_world.gold(messages.send("a", version=2), "new bytes")
    works = messages.table("SELECT DISTINCT asset_id FROM frames")
    assert [work["asset_id"] for work in works] == [pg_world.silver("new bytes").work.asset_id]
    assert messages.table("SELECT count(*) FROM point_holders") == [{"count": 1}]


def test_quarantined_video_gets_a_dead_letter(pg_world: World, messages: PostgresMessages) -> None:
    claimed = messages.send("a")
    source = SourceFacts(uri="file:///v.mp4", size_bytes=9, etag="abc")
    bronze = bronze_of("broken").model_copy(update={"source": source})
    assert pg_world.catalog.record_outcome(claimed, QUARANTINED, bronze)
    assert messages.outcome(claimed) == QUARANTINED
    [letter] = messages.table("SELECT message_id, reason, detail, published_at FROM dead_letters")
    assert letter == {
        "message_id": claimed.message_id,
        "reason": "truncated",
        "detail": "ends early",
        "published_at": None,
    }
    [row] = messages.table("SELECT asset_id, source FROM ledger")
    assert row == {"asset_id": bronze.asset_id, "source": source.model_dump(mode="json")}
    [asset] = messages.table("SELECT asset_id, size_bytes, generation FROM assets")
    assert asset == {"asset_id": bronze.asset_id, "size_bytes": bronze.size_bytes, "generation": 0}


def test_outcome_is_written_once(pg_world: World, messages: PostgresMessages) -> None:
    claimed = messages.send("a")
    assert pg_world.catalog.record_outcome(claimed, Outcome(kind="cancelled"))
    assert not pg_world.catalog.record_outcome(claimed, QUARANTINED)
    assert messages.outcome(claimed) == Outcome(kind="cancelled")
    assert messages.table("SELECT * FROM dead_letters") == []


def test_letter_without_reason_is_explained_by_the_findings(
    pg_world: World, messages: PostgresMessages
) -> None:
    pg_world.catalog.record_outcome(messages.send("a"), Outcome(kind="quarantined", findings=(TRUNCATED,)))
    pg_world.catalog.record_outcome(messages.send("b"), Outcome(kind="failed"))
    letters = messages.table("SELECT reason, detail FROM dead_letters ORDER BY detail")
    assert [tuple(letter.values()) for letter in letters] == [
        ("failed", "The video ended failed."),
        ("truncated", "ends after 2 of 10 s"),
    ]


def test_mail_comes_with_the_last_outcome_and_to_each_only_its_videos(
    pg_world: World, messages: PostgresMessages
) -> None:
    batch = uuid.uuid4()
    first = messages.send("mine", batch_id=batch, notify=("me@example.org", "both@example.org"))
    second = messages.send("yours", batch_id=batch, notify=("you@example.org", "both@example.org"))
    pg_world.gold(first, "bytes")
    assert mails(messages) == {}
    pg_world.catalog.record_outcome(second, QUARANTINED)
    told = mails(messages)
    assert sorted(told) == [RECEIVER, "both@example.org", "me@example.org", "you@example.org"]
    assert "instagram/mine" in told["me@example.org"]
    assert "yours" not in told["me@example.org"]
    assert "send the whole file" in told["you@example.org"]
    assert "mine" not in told["you@example.org"]
    for everything in ("both@example.org", RECEIVER):
        assert {"instagram/mine", "instagram/yours"} <= set(told[everything].replace(":", "").split())


def test_message_that_names_no_video_is_told_by_its_place(
    pg_world: World, messages: PostgresMessages
) -> None:
    claimed = messages.send()
    with transaction(messages.uri) as connection:
        execute(connection, "UPDATE ledger SET platform = NULL, video_id = NULL, arrived = NULL")
    outcome = Outcome(kind="rejected", reason="not_json", detail="Line 1 is no JSON.")
    assert pg_world.catalog.record_outcome(claimed, outcome)
    told = mails(messages)[RECEIVER]
    assert "Video message at offset 1 in partition 0 of video.arrived: rejected" in told
    assert "send a corrected message" in told.lower()


def test_batch_of_duplicates_mails_nobody(pg_world: World, messages: PostgresMessages) -> None:
    pg_world.gold(messages.send("a", version=1), "bytes")
    before = mails(messages)
    pg_world.gold(messages.send("a", version=2, notify=("me@example.org",)), "bytes")
    assert mails(messages) == before
    assert messages.table("SELECT count(*) FROM batches WHERE finished_at IS NULL") == [{"count": 0}]


def test_many_last_outcomes_at_once_bring_one_mail(pg_world: World, messages: PostgresMessages) -> None:
    for _ in range(3):
        batch = uuid.uuid4()
        claimed = [messages.send(f"v{number}", batch_id=batch) for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda c: pg_world.catalog.record_outcome(c, QUARANTINED), claimed))
        where = "SELECT finished_at IS NOT NULL AS ended FROM batches WHERE batch_id = %s"
        assert messages.table(where, batch) == [{"ended": True}]
        sent = messages.table("SELECT recipient FROM notifications WHERE batch_id = %s", batch)
        assert sent == [{"recipient": RECEIVER}]


def test_outcome_that_waits_for_another_still_sees_that_it_is_the_last(
    pg_world: World, messages: PostgresMessages
) -> None:
    batch = uuid.uuid4()
    first, second = (messages.send(name, batch_id=batch) for name in ("a", "b"))
    blocked = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with ThreadPoolExecutor(1) as pool:
        with transaction(messages.uri) as connection:
            write_outcome(connection, first.message_id, QUARANTINED)
            assert not finish_batch(connection, batch, compose)
            other = pool.submit(pg_world.catalog.record_outcome, second, QUARANTINED)
            while not other.done() and not messages.table(blocked):
                pass
        assert other.result()
    assert messages.table("SELECT count(*) FROM batches WHERE finished_at IS NULL") == [{"count": 0}]
    assert list(mails(messages)) == [RECEIVER]


def test_many_videos_at_once_end_well(pg_world: World, messages: PostgresMessages) -> None:
    """Same bytes, same ids, several versions, all at once: no deadlock, one state, all accounted for."""
    batch = uuid.uuid4()
    claimed = [
        messages.send(f"v{number % 3}", version=number, batch_id=batch, uri=f"file:///{number}.mp4")
        for number in range(12)
    ]
    with ThreadPoolExecutor(6) as pool:
        golds = list(pool.map(lambda c: pg_world.gold(c, f"bytes {c.version[0] % 2}"), claimed))
    assert {gold.outcome.kind for gold in golds} <= {"done", "duplicate"}
    versions = messages.table("SELECT video_id, version FROM videos ORDER BY video_id")
    assert [tuple(video.values()) for video in versions] == [("v0", 9), ("v1", 10), ("v2", 11)]
    live = pg_world.catalog.live_works([("instagram", f"v{number}") for number in range(3)])
    expected = {(work.asset_id, "/".join(video)) for video, work in live.items()}
    assert expected <= pg_world.holders()
    assert messages.table("SELECT count(*) FROM notifications") == [{"count": 1}]


def test_restored_database_without_the_row_is_left_alone(pg_world: World, messages: PostgresMessages) -> None:
    claimed = messages.send("a")
    with transaction(messages.uri) as connection:
        execute(connection, "DELETE FROM ledger")
    assert pg_world.gold(claimed, "bytes").outcome is None
    for table in ("videos", "assets", "frames", "point_holders", "notifications"):
        assert messages.table(f"SELECT count(*) FROM {table}") == [{"count": 0}]
