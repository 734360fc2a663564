from __future__ import annotations

import json
import uuid
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from datalake.adapters.kafka import Kafka
from datalake.ingest.ledger import ledger_balance
from datalake.ingest.reading import Limits

from .conftest import LIMITS

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def message(video_id: str = "C1", **fields: Any) -> bytes:
    """A good message under its own event id."""
    document = {"event_id": str(uuid.uuid4()), "video_id": video_id, "uri": f"file:///videos/{video_id}.mp4"}
    return json.dumps({**document, **fields}).encode()


def test_nothing_there_claims_nothing(pipeline) -> None:
    assert pipeline.claim() is None
    assert pipeline.rows("SELECT * FROM ledger") == []


def test_messages_become_ledger_rows_and_one_batch(pipeline) -> None:
    payloads = [message(f"C{number}") for number in range(3)]
    pipeline.send(*payloads)
    claimed = pipeline.claim()
    assert claimed.count(None) == 3
    found = pipeline.rows("SELECT * FROM ledger ORDER BY message_offset")
    assert [bytes(row["payload"]) for row in found] == payloads
    assert [row["video_id"] for row in found] == ["C0", "C1", "C2"]
    assert {row["batch_id"] for row in found} == {claimed.batch_id}
    assert found[0]["version"] == int(found[0]["broker_timestamp"].timestamp() * 1000)
    batch = pipeline.row("SELECT * FROM batches")
    assert batch["run_id"] == f"{claimed.batch_id}-1"
    assert pipeline.row("SELECT next_offset FROM consumer_offsets")["next_offset"] == 3
    assert pipeline.claim() is None


def test_every_partition_is_read(make_pipeline) -> None:
    pipeline = make_pipeline(partitions=3)
    producer = Producer(dict(pipeline.kafka.properties))
    for partition in range(3):
        producer.produce(pipeline.kafka.topic, message(f"C{partition}"), partition=partition)
    producer.flush()
    assert pipeline.claim().count(None) == 3


def test_the_group_mirrors_the_offsets(pipeline) -> None:
    from confluent_kafka import Consumer, TopicPartition

    pipeline.send(message())
    pipeline.claim()
    consumer = Consumer({**pipeline.kafka.properties, "group.id": pipeline.kafka.group_id})
    (committed,) = consumer.committed([TopicPartition(pipeline.kafka.topic, 0)], timeout=10)
    consumer.close()
    assert committed.offset == 1


BAD = [
    (b'{"video_id": "a\\u0000b"}', "nul"),
    (b'{"score": NaN}', "nan"),
    (b'{"title": "\\ud800"}', "lone_surrogate"),
    (None, "no_value"),
    (b"x" * 10 * 1024**2, "too_large"),
    (message(schema_version=7), "unknown_version"),
    (b"[" * 100_000, "too_deep"),
    (b"not json", "not_json"),
    (b"\xff\xff", "not_utf8"),
]


def test_bad_messages_among_good_ones_harm_nobody(pipeline) -> None:
    for payload, _ in BAD:
        pipeline.send(message(), payload)
    pipeline.send(message())
    while pipeline.claim():
        pass
    expected = [outcome for _, reason in BAD for outcome in ((None, None), ("rejected", reason))]
    assert pipeline.outcomes() == [*expected, (None, None)]
    letters = pipeline.rows("SELECT l.payload, d.reason FROM dead_letters d JOIN ledger l USING (message_id)")
    assert sorted(row["reason"] for row in letters) == sorted(reason for _, reason in BAD)
    ten_megabytes = [row["payload"] for row in letters if row["reason"] == "too_large"]
    assert len(ten_megabytes[0]) == 10 * 1024**2


def test_only_bad_messages_make_no_batch(pipeline) -> None:
    pipeline.send(b"bad", b"worse")
    assert pipeline.claim().batch_id is None
    assert pipeline.rows("SELECT * FROM batches") == []
    assert pipeline.outcomes() == [("rejected", "not_json")] * 2


def test_a_row_the_database_refuses_is_isolated(pipeline) -> None:
    pipeline.execute("ALTER TABLE ledger ADD CHECK (video_id <> 'refused')")
    pipeline.send(message("C1"), message("refused"), message("C2"))
    assert pipeline.claim().count(None) == 2
    assert pipeline.outcomes() == [(None, None), ("rejected", "not_storable"), (None, None)]
    assert pipeline.row("SELECT payload FROM ledger WHERE outcome = 'rejected'")["payload"] is not None


def test_an_event_seen_again_is_a_duplicate_or_refused(pipeline) -> None:
    event_id = str(uuid.uuid4())
    first = message("C1", event_id=event_id)
    pipeline.send(first, first)
    pipeline.claim()
    pipeline.send(first, message("C2", event_id=event_id))
    assert pipeline.claim().batch_id is None
    assert pipeline.outcomes() == [
        (None, None),
        ("duplicate", "event_id_seen"),
        ("duplicate", "event_id_seen"),
        ("rejected", "event_id_reused"),
    ]
    assert pipeline.row("SELECT reason FROM dead_letters")["reason"] == "event_id_reused"


def test_limits_stop_the_reading_not_the_storing(pipeline) -> None:
    pipeline.send(*[message(f"C{number}") for number in range(5)])
    two = Limits(messages=2, payload_bytes=10**6, message_bytes=10**6, strict=False)
    assert pipeline.claim(two).count(None) == 2
    by_bytes = Limits(messages=100, payload_bytes=150, message_bytes=10**6, strict=False)
    assert pipeline.claim(by_bytes).count(None) == 2
    assert pipeline.claim().count(None) == 1


def test_of_two_claims_at_once_one_wins(pipeline) -> None:
    pipeline.send(*[message(f"C{number}") for number in range(20)])
    start, results = Barrier(2), []

    def run() -> None:
        start.wait()
        results.append(pipeline.claim())

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while pipeline.claim():
        pass
    assert pipeline.row("SELECT count(*) FROM ledger")["count"] == 20
    assert sum(result.count(None) for result in results if result) == 20
    assert len([result for result in results if result]) == len(pipeline.rows("SELECT * FROM batches"))


def test_a_topic_made_anew_is_read_from_its_start(pipeline) -> None:
    pipeline.send(message("old"), message("older"))
    pipeline.claim()
    pipeline.send(message("deleted unread"))
    pipeline.make_topic_anew()
    pipeline.send(message("new"))
    assert pipeline.claim().count(None) == 1
    known = pipeline.rows("SELECT video_id FROM ledger ORDER BY received_at, message_offset")
    assert [row["video_id"] for row in known] == ["old", "older", "new"]
    found = ledger_balance(pipeline.uri, pipeline.kafka)
    assert (found.arrived, found.in_progress, found.unread, found.balances) == (3, 3, 0, True)


def test_partitions_that_are_added_are_read_from_their_start(pipeline) -> None:
    pipeline.send(message("before"))
    pipeline.claim()
    admin = AdminClient(dict(pipeline.kafka.properties))
    topic = pipeline.kafka.topic
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result()
    pipeline.until_there_are(3)
    pipeline.send_to(2, message("a"), message("b"))
    assert ledger_balance(pipeline.uri, pipeline.kafka).unread == 2
    assert pipeline.claim().count(None) == 2
    pipeline.send_to(1, message("c"))
    assert pipeline.claim().count(None) == 1
    found = ledger_balance(pipeline.uri, pipeline.kafka)
    assert (found.arrived, found.in_progress, found.unread, found.balances) == (4, 4, 0, True)


def test_how_large_a_message_may_be_is_a_setting(pipeline) -> None:
    pipeline.send(*(message(video_id, caption="x" * 10 * 1024**2) for video_id in "ab"))
    assert pipeline.claim(replace(LIMITS, messages=1)).count("rejected") == 1
    assert pipeline.outcomes() == [("rejected", "too_large")]
    [letter] = pipeline.rows("SELECT reason, published_at FROM dead_letters")
    assert letter == {"reason": "too_large", "published_at": None}
    assert pipeline.claim(replace(LIMITS, message_bytes=11 * 1024**2)).count(None) == 1
    assert ledger_balance(pipeline.uri, pipeline.kafka).balances


def test_an_unknown_version_is_a_letter_and_harms_nobody(pipeline) -> None:
    pipeline.send(message("future", schema_version=2), message("now"))
    pipeline.claim()
    assert pipeline.outcomes() == [("rejected", "unknown_version"), (None, None)]
    assert pipeline.row("SELECT reason FROM dead_letters") == {"reason": "unknown_version"}


def test_a_missing_topic_is_made(pipeline) -> None:
    kafka: Kafka = replace(
        pipeline.kafka, topic=f"t-{uuid.uuid4().hex}", dead_letter_topic=f"d-{uuid.uuid4().hex}"
    )
    pipeline.kafka = kafka
    assert pipeline.claim() is None
    pipeline.send(b"x" * 12 * 1024**2)
    assert pipeline.claim().count("rejected") == 1
