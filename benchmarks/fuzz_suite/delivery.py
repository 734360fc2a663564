"""Sends the messages and keeps the broker's receipts: what the ledger has to hold afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.fuzz_suite.messages import Message
from datalake.adapters.kafka import Broker, Kafka
from datalake.adapters.kafka.broker import TOPIC_MAX_BYTES

PARTITIONS = 3
Place = tuple[int, int]


@dataclass(frozen=True)
class Receipt:
    """A message that the broker has: its kind, the hash of its bytes, and what it must become."""

    kind: str
    sha256: str
    expected: str | None


@dataclass
class Receipts:
    """By partition and offset, and the errors of what the broker refused."""

    delivered: dict[Place, Receipt] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def note(self, receipt: Receipt, error: Any, message: Any) -> None:
        """Take the broker's report about one message."""
        if error is None:
            self.delivered[message.partition(), message.offset()] = receipt
        else:
            self.refused[error.name()] += 1


def make_topics(kafka: Kafka) -> None:
    """Make both topics; the first one takes timestamps of any time, which a broker refuses by default."""
    config = {"max.message.bytes": str(TOPIC_MAX_BYTES), "retention.ms": "-1"}
    config["message.timestamp.after.max.ms"] = str(2**63 - 1)
    admin = AdminClient(dict(kafka.properties))
    for future in admin.create_topics([NewTopic(kafka.topic, PARTITIONS, 1, config=config)]).values():
        future.result(30)
    Broker(kafka).ensure_topics()


def deliver(kafka: Kafka, messages: Iterable[Message], on_sent: Callable[[int], None]) -> Receipts:
    """Send all, and return when the fate of each is known; `on_sent` is told how many went so far."""
    receipts = Receipts()
    producer = Producer(
        {
            **kafka.properties,
            "enable.idempotence": True,
            "message.max.bytes": TOPIC_MAX_BYTES,
            "queue.buffering.max.kbytes": 128 * 1024,
            "partitioner": "random",
            "linger.ms": 20,
        }
    )
    for number, message in enumerate(messages, 1):
        value = message.value
        receipt = Receipt(message.kind, sha256(value or b"").hexdigest(), message.expected)
        while True:
            try:
                producer.produce(
                    kafka.topic,
                    value,
                    message.key,
                    timestamp=message.timestamp_ms,
                    headers=list(message.headers),
                    on_delivery=partial(receipts.note, receipt),
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        on_sent(number)
    producer.flush()
    return receipts
