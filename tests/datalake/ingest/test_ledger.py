from __future__ import annotations

import json
import uuid
from contextlib import closing

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from datalake.adapters.kafka import Reader, Record
from datalake.errors import TransientError
from datalake.ingest.batches import open_ui_batch
from datalake.ingest.ledger import LedgerBalance, ledger_balance, settled_balance

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


def test_messages_that_compaction_took_are_gaps(pipeline) -> None:
    wanted = ConfigResource("topic", pipeline.kafka.topic)
    for name, value in (("cleanup.policy", "compact"), ("segment.ms", "100")):
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        wanted.add_incremental_config(entry)
    admin = AdminClient(dict(pipeline.kafka.properties))
    admin.incremental_alter_configs([wanted])[wanted].result()
    pipeline.send(message("first"))
    pipeline.claim()
    while not is_compacted(pipeline):
        pipeline.send(message("again"))  # under the same key; the open segment is not compacted
    while pipeline.claim():
        pass
    gaps = pipeline.rows("SELECT last_offset - first_offset + 1 AS messages, reason FROM offset_gaps")
    assert {gap["reason"] for gap in gaps} == {"no_message"}
    end = pipeline.row("SELECT next_offset FROM consumer_offsets")["next_offset"]
    found = balance(pipeline)
    assert (found.unread, found.balances) == (0, True)
    assert found.in_progress == end - sum(gap["messages"] for gap in gaps)


def is_compacted(pipeline) -> bool:
    """True when the offset after the first message holds none any more."""
    with closing(Reader(pipeline.kafka, {0: 1})) as reader:
        while (found := reader.read(1)) is None:
            pass
        return found.offset > 1 and isinstance(found, Record)


class Looks:
    """What is looked at: each look gives the next, errors are raised, the last stays."""

    def __init__(self, *found: LedgerBalance | TransientError) -> None:
        self.found = list(found)

    def __call__(self) -> LedgerBalance:
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(found, TransientError):
            raise found
        return found


UNREAD = LedgerBalance(1, 0, unread=1, in_progress=0, outcomes={})
SETTLED = LedgerBalance(1, 0, 0, 0, {"done": 1})


def test_waiting_ends_when_the_time_is_over_and_says_what_changes() -> None:
    told: list[str] = []
    assert settled_balance(Looks(UNREAD), 1.5, told.append) == UNREAD
    assert told == [UNREAD.equation]
    with pytest.raises(TransientError):
        settled_balance(Looks(TransientError("away")), 0, told.append)


def test_waiting_ends_at_once_when_all_is_settled_and_outlasts_an_outage() -> None:
    told: list[str] = []
    assert settled_balance(Looks(SETTLED), 60, told.append) == SETTLED
    assert settled_balance(Looks(TransientError("away"), SETTLED), 60, told.append) == SETTLED
    assert told == ["away"]
