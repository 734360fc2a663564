"""Asks the broker about topics and offsets, and makes topics."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random_exponential

from datalake.adapters.kafka.client import Faults, Kafka, built, translated
from datalake.errors import BrokerUnavailable, TopicMissing

TOPIC_MAX_BYTES = 16 * 1024**2
REQUEST_TIMEOUT_S = 15.0
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class TopicState:
    """A topic as it is now; deleted and made again, it has another id."""

    cluster_id: str
    topic_id: str
    partitions: tuple[int, ...]


@dataclass(frozen=True)
class Span:
    """Offsets of a partition that can be read: from `low` up to but not including `end`."""

    low: int
    end: int


def _has_code(error: Exception, code: int) -> bool:
    cause = error.__cause__
    return isinstance(cause, KafkaException) and cause.args[0].code() == code


def _is_settling(error: BaseException) -> bool:
    """True right after a topic was made, or while its leader changes."""
    return isinstance(error, Exception) and (
        _has_code(error, KafkaError.NOT_LEADER_FOR_PARTITION)
        or _has_code(error, KafkaError.LEADER_NOT_AVAILABLE)
    )


def _patient(is_passing: Callable[[BaseException], bool]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Tries again, for ten seconds, what fails for a reason that passes by itself."""
    return retry(
        retry=retry_if_exception(is_passing),
        wait=wait_random_exponential(0.05, max=1),
        stop=stop_after_delay(10),
        reraise=True,
    )


_while_leaders_settle = _patient(_is_settling)
_until_it_is_known = _patient(lambda error: isinstance(error, TopicMissing))


class Broker:
    """Asks about topics and offsets, and makes topics."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._faults = Faults(kafka.address)
        self._admin = built(AdminClient, kafka, self._faults)

    def describe(self) -> TopicState:
        """Ids and partitions of the topic.

        Raises:
            TopicMissing: there is no such topic.
            BrokerUnavailable: no answer.
        """
        cluster = self._admin.describe_cluster(request_timeout=REQUEST_TIMEOUT_S)
        topics = self._admin.describe_topics(
            TopicCollection([self._kafka.topic]), request_timeout=REQUEST_TIMEOUT_S
        )
        topic = self._result(topics[self._kafka.topic])
        partitions = tuple(sorted(partition.id for partition in topic.partitions))
        return TopicState(self._result(cluster).cluster_id, str(topic.topic_id), partitions)

    def spans(self, partitions: tuple[int, ...]) -> dict[int, Span]:
        """What can be read of each partition; messages of an open transaction cannot yet."""
        low = self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        end = self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {partition: Span(low[partition], end[partition]) for partition in partitions}

    def ensure_topics(self, partitions: int = 3) -> None:
        """Make the two topics where they are missing, with room for 16 MB messages, kept for ever.

        Raises:
            BrokerUnavailable: no answer, or the broker refuses.
        """
        wanted = {self._kafka.topic: partitions, self._kafka.dead_letter_topic: 1}
        # Until a message is claimed, the topic is the only place where it is: time must not delete it.
        config = {"max.message.bytes": str(TOPIC_MAX_BYTES), "retention.ms": "-1"}
        made = self._admin.create_topics(
            [NewTopic(name, count, -1, config=config) for name, count in wanted.items()],
            request_timeout=REQUEST_TIMEOUT_S,
        )
        for future in made.values():
            try:
                self._result(future)
            except BrokerUnavailable as error:
                if not _has_code(error, KafkaError.TOPIC_ALREADY_EXISTS):
                    raise
        _until_it_is_known(self.describe)()  # the broker answers before all of it has heard of the topic

    @_while_leaders_settle
    def _offsets(self, partitions: tuple[int, ...], spec: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(self._kafka.topic, partition): spec for partition in partitions}
        answers = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=REQUEST_TIMEOUT_S
        )
        return {where.partition: self._result(answer).offset for where, answer in answers.items()}

    def _result(self, future: Future[Any]) -> Any:
        """The answer, or at once what the error callback knows."""
        self._faults.reset()
        deadline = time.monotonic() + REQUEST_TIMEOUT_S + 1
        while not wait_for_futures([future], timeout=0.05).done:
            self._admin.poll(0)
            self._faults.check()
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"Kafka at {self._kafka.address} does not answer")
        try:
            return future.result()
        except KafkaException as error:
            raise translated(error, self._kafka.address) from error
