"""A claim that is wrong on purpose: offsets are committed before the messages are.

    python -m tests.faults.broken_claim DATABASE_URI KAFKA_AS_JSON

It exists so that the fault suite is seen to fail. Everything else is taken from the real one.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from hashlib import sha256

from datalake.adapters.kafka import Broker, Kafka, Reader, Record, TopicState
from datalake.adapters.postgres import ledger, offsets, transaction
from datalake.adapters.postgres.ledger import Coordinates, LedgerRow
from datalake.crash_points import crash_point
from datalake.ingest.messages import message_id
from datalake.ingest.offsets import starts
from datalake.ingest.reading import Limits, read

LIMITS = Limits(messages=1000, payload_bytes=10**8, message_bytes=10**6, strict=False)


def broken_claim(uri: str, kafka: Kafka) -> None:
    broker = Broker(kafka)
    state = broker.describe()
    beginning = starts(uri, kafka, broker, state)
    with closing(Reader(kafka, beginning)) as reader:
        reading = read(reader, beginning, LIMITS)
    with transaction(uri) as connection:
        offsets.move(connection, state, reading.next_offsets)
    crash_point("broken_claim.after_offsets")
    with transaction(uri) as connection:
        ledger.insert_rows(connection, [_row(kafka, state, record) for record in reading.records])


def _row(kafka: Kafka, state: TopicState, record: Record) -> LedgerRow:
    where = Coordinates(state.cluster_id, state.topic_id, record.partition, record.offset)
    digest = sha256(record.value or b"").hexdigest()
    row = LedgerRow(
        message_id(where), where, kafka.topic, record.key, record.value, digest, record.timestamp_ms
    )
    return row.ended("cancelled", "test", "this claim only counts")


if __name__ == "__main__":
    broken_claim(sys.argv[1], Kafka(*json.loads(sys.argv[2])))
