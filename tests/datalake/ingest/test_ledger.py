from __future__ import annotations

import json
import uuid

import pytest
from confluent_kafka import Producer

from datalake.ingest.batches import open_ui_batch
from datalake.ingest.ledger import LedgerBalance, ledger_balance

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def message(video_id: str = "C1") -> bytes:
    document = {"event_id": str(uuid.uuid4()), "video_id": video_id, "uri": "file:///videos/a.mp4"}
    return json.dumps(document).encode()


def balance(pipeline) -> LedgerBalance:
    return ledger_balance(pipeline.uri, pipeline.kafka)


def test_every_message_is_counted_where_it_is(make_pipeline) -> None:
    pipeline = make_pipeline(partitions=3)
    assert balance(pipeline) == LedgerBalance(0, 0, 0, 0, {})
    repeated = message()
    pipeline.send(message(), repeated, repeated, b"bad")
    assert balance(pipeline) == LedgerBalance(arrived=4, typed=0, unread=4, in_progress=0, outcomes={})
    pipeline.claim()
    pipeline.send(message())
    open_ui_batch(pipeline.uri, "manual__1", ["file:///a.mp4"])
    found = balance(pipeline)
    assert found.balances
    assert not found.is_settled
    assert found == LedgerBalance(5, 1, unread=1, in_progress=3, outcomes={"duplicate": 1, "rejected": 1})
    pipeline.claim()
    pipeline.execute("UPDATE ledger SET outcome = 'done', finished_at = now() WHERE outcome IS NULL")
    assert balance(pipeline).is_settled


def test_a_lost_row_is_noticed(pipeline) -> None:
    pipeline.send(b"bad", b"bad")
    pipeline.claim()
    pipeline.execute("DELETE FROM dead_letters")
    pipeline.execute("DELETE FROM ledger WHERE message_offset = 0")
    assert not balance(pipeline).balances


def test_control_records_and_aborted_messages_are_gaps(pipeline) -> None:
    transactions = {"transactional.id": uuid.uuid4().hex, **pipeline.kafka.properties}
    producer = Producer(transactions)
    producer.init_transactions()
    for end in (producer.commit_transaction, producer.abort_transaction):
        producer.begin_transaction()
        producer.produce(pipeline.kafka.topic, message())
        producer.flush()
        end()
    while pipeline.claim():
        pass
    gaps = pipeline.rows("SELECT first_offset, last_offset, reason FROM offset_gaps ORDER BY 1")
    offsets = [offset for gap in gaps for offset in range(gap["first_offset"], gap["last_offset"] + 1)]
    assert offsets == [1, 2, 3]
    found = balance(pipeline)
    assert (found.arrived, found.in_progress, found.unread, found.balances) == (1, 1, 0, True)


def test_an_open_transaction_waits(pipeline) -> None:
    producer = Producer({"transactional.id": uuid.uuid4().hex, **pipeline.kafka.properties})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(pipeline.kafka.topic, message())
    producer.flush()
    assert balance(pipeline).arrived == 0
    assert pipeline.claim() is None
    producer.commit_transaction()
    assert pipeline.claim().count(None) == 1
