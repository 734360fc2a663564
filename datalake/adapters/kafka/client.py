"""What every Kafka client here shares: the address, the login, and errors that say what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import getLogger
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException

from datalake.adapters.kafka.properties import read_properties
from datalake.errors import BrokerUnavailable, ConfigurationError, TopicMissing
from datalake.settings import KafkaSettings, home

# A host name with several addresses may fail on the first: give the next one a chance.
ALL_DOWN_GRACE_S = 1.0

T = TypeVar("T")
_LOG = getLogger("datalake.kafka")
_LOGIN = {
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
_NO_TOPIC = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}


@dataclass(frozen=True)
class Kafka:
    """Where the topics are and how to log in; the password never shows in a repr."""

    properties: Mapping[str, str] = field(repr=False)
    topic: str
    dead_letter_topic: str
    group_id: str

    @classmethod
    def from_settings(cls, settings: KafkaSettings) -> Kafka:
        """Read the client properties file that the settings name.

        Raises:
            ConfigurationError: the file is missing or cannot be read.
        """
        properties = read_properties(home() / settings.kafka_client_properties)
        return cls(
            properties, settings.kafka_topic, settings.kafka_dead_letter_topic, settings.kafka_group_id
        )

    @property
    def address(self) -> str:
        """The brokers, for people."""
        return self.properties["bootstrap.servers"]


class Faults:
    """Collects what librdkafka only tells its error callback."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._login: KafkaError | None = None
        self._down_since: float | None = None

    def __call__(self, error: KafkaError) -> None:
        """Take what librdkafka tells."""
        if error.code() in _LOGIN:
            self._login = error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and self._down_since is None:
            self._down_since = time.monotonic()

    def reset(self) -> None:
        """Forget what is past."""
        self._login = self._down_since = None

    def check(self) -> None:
        """Raise what was collected."""
        if self._login is not None:
            raise translated(KafkaException(self._login), self._address)
        if self._down_since is not None and time.monotonic() - self._down_since > ALL_DOWN_GRACE_S:
            raise BrokerUnavailable(f"Kafka at {self._address} cannot be reached: is the broker up?")


def translated(error: KafkaException, address: str) -> BrokerUnavailable | ConfigurationError:
    """Our error for librdkafka's."""
    cause = error.args[0]
    if cause.code() in _LOGIN:
        return ConfigurationError(
            f"Kafka at {address} refuses the login: check sasl.username, sasl.password and ssl.* in "
            f"client.properties ({cause.str()})"
        )
    if cause.code() in _NO_TOPIC:
        return TopicMissing(f"Kafka at {address} does not have the topic: {cause.str()}")
    if cause.code() == KafkaError._INVALID_ARG:
        return ConfigurationError(f"client.properties: {cause.str()}")
    return BrokerUnavailable(f"Kafka at {address}: {cause.name()}: {cause.str()}")


def built(make: Callable[..., T], kafka: Kafka, faults: Faults, **overrides: Any) -> T:
    """A client with the file's properties and ours on top."""
    try:
        # librdkafka repeats its troubles many times a second; the error callback says what matters.
        settings = {"log_level": 2, **kafka.properties, **overrides, "error_cb": faults}
        return make(settings, logger=_LOG)
    except KafkaException as error:
        raise translated(error, kafka.address) from error
