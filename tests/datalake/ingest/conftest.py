from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from datalake.adapters.kafka import Broker, Kafka, Sender
from datalake.adapters.postgres import execute, row, rows, transaction
from datalake.errors import TopicMissing
from datalake.ingest.claim import Claimed, claim
from datalake.ingest.reading import Limits

LIMITS = Limits(messages=100, payload_bytes=64 * 1024**2, message_bytes=1024**2, strict=False)


class Ledger:
    """A database, with the few verbs that tests speak in."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        with transaction(self.uri) as connection:
            return rows(connection, sql, parameters or None)

    def row(self, sql: str, *parameters: Any) -> dict[str, Any]:
        with transaction(self.uri) as connection:
            found = row(connection, sql, parameters or None)
        assert found is not None
        return found

    def execute(self, sql: str, *parameters: Any) -> int:
        with transaction(self.uri) as connection:
            return execute(connection, sql, parameters or None)

    def outcomes(self) -> list[tuple[str | None, str | None]]:
        """(outcome, reason) of every ledger row, by offset."""
        found = self.rows("SELECT outcome, reason FROM ledger ORDER BY partition, message_offset")
        return [(row["outcome"], row["reason"]) for row in found]


class Pipeline(Ledger):
    """A topic and a dead-letter topic next to the database."""

    def __init__(self, uri: str, kafka: Kafka) -> None:
        super().__init__(uri)
        self.kafka = kafka
        self._sender: Sender | None = None

    def send(self, *payloads: bytes | None, topic: str | None = None) -> None:
        """Put messages on the topic, in order (partition 0 of it when it has one)."""
        self._sender = self._sender or Sender(self.kafka)
        fates: list[object] = []
        for payload in payloads:
            self._sender.send(topic or self.kafka.topic, b"key", payload, {}, fates.append)
        self._sender.flush()
        assert fates == [None] * len(payloads)

    def send_to(self, partition: int, *payloads: bytes) -> None:
        """Put messages on one partition."""
        producer = Producer(dict(self.kafka.properties))
        fates: list[KafkaError | None] = []
        for payload in payloads:
            producer.produce(
                self.kafka.topic,
                payload,
                partition=partition,
                on_delivery=lambda error, _: fates.append(error),
            )
        producer.flush()
        assert fates == [None] * len(payloads)

    def make_topic_anew(self) -> None:
        """Delete the topic and make it again, with one partition."""
        admin, topic = AdminClient(dict(self.kafka.properties)), self.kafka.topic
        admin.delete_topics([topic])[topic].result()
        while True:  # the broker deletes in the background: try until the name is free
            try:
                admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
                break
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
        self._sender = None
        self.until_there_are(1)

    def until_there_are(self, partitions: int) -> None:
        """Wait until the broker tells of so many."""
        broker = Broker(self.kafka)
        known = 0
        while known < partitions:
            with suppress(TopicMissing):  # made, and not known everywhere yet
                known = len(broker.describe().partitions)

    def claim(self, limits: Limits = LIMITS) -> Claimed | None:
        return claim(self.uri, self.kafka, limits)


@pytest.fixture
def ledger(postgres_uri: str) -> Ledger:
    return Ledger(postgres_uri)


@pytest.fixture
def make_pipeline(
    postgres_uri: str, kafka_bootstrap: str, make_kafka_topic: Callable[..., str]
) -> Callable[..., Pipeline]:
    def make(partitions: int = 1, properties: Mapping[str, str] | None = None) -> Pipeline:
        login = properties or {"bootstrap.servers": kafka_bootstrap}
        return Pipeline(
            postgres_uri, Kafka(login, make_kafka_topic(partitions), make_kafka_topic(1), "test-group")
        )

    return make


@pytest.fixture
def pipeline(make_pipeline: Callable[..., Pipeline]) -> Iterator[Pipeline]:
    """One partition, so that offsets are in the order sent."""
    return make_pipeline()
