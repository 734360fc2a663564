"""Reads messages from offsets that the caller keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from datalake.adapters.kafka.client import Faults, Kafka, built, translated

# what a consumer gives; a producer may be given a dict or strings, hence the wider type of the library
Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Record:
    """One message as the broker gave it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None = field(repr=False)
    timestamp_ms: int | None
    headers: tuple[tuple[str, bytes | None], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class EndOfPartition:
    """All that can be read below `offset` was read."""

    partition: int
    offset: int


@dataclass(frozen=True)
class OutOfRange:
    """The broker has nothing at the offset asked for."""

    partition: int


class Reader:
    """Reads partitions from given offsets, one message at a time; commits nothing by itself."""

    def __init__(self, kafka: Kafka, starts: Mapping[int, int]) -> None:
        self._kafka = kafka
        self._faults = Faults(kafka.address)
        self._consumer = built(
            Consumer,
            kafka,
            self._faults,
            **{
                "group.id": kafka.group_id,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                # How long an end of partition hides: the broker waits so long for more.
                "fetch.wait.max.ms": 20,
                "isolation.level": "read_committed",
                "queued.max.messages.kbytes": 32 * 1024,
            },
        )
        self._consumer.assign([TopicPartition(kafka.topic, *start) for start in starts.items()])

    def read(self, timeout_s: float) -> Record | EndOfPartition | OutOfRange | None:
        """The next thing that happens, or None when nothing did in the time.

        Raises:
            BrokerUnavailable: the broker went away.
        """
        message = self._consumer.poll(timeout_s)
        self._faults.check()
        if message is None:
            return None
        partition, offset, error = message.partition(), message.offset(), message.error()
        assert partition is not None and offset is not None  # polled messages carry both
        if error is None:
            kind, timestamp_ms = message.timestamp()
            return Record(
                partition,
                offset,
                message.key(),
                message.value(),
                timestamp_ms if kind else None,
                tuple(cast(Headers, message.headers() or ())),
            )
        if error.code() == KafkaError._PARTITION_EOF:
            return EndOfPartition(partition, offset)
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            return OutOfRange(partition)
        raise translated(KafkaException(error), self._kafka.address)

    def mirror(self, offsets: Mapping[int, int]) -> None:
        """Commit offsets to the Kafka group, where lag monitors look.

        Raises:
            BrokerUnavailable: the broker did not take them.
        """
        positions = [TopicPartition(self._kafka.topic, *offset) for offset in offsets.items()]
        try:
            self._consumer.commit(offsets=positions, asynchronous=False)
        except KafkaException as error:
            raise translated(error, self._kafka.address) from error

    def close(self) -> None:
        """Leave; nothing is committed."""
        self._consumer.close()
