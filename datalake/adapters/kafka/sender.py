"""Sends messages and tells the fate of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from datalake.adapters.kafka.broker import TOPIC_MAX_BYTES
from datalake.adapters.kafka.client import Faults, Kafka, built

DELIVERY_TIMEOUT_MS = 30_000


@dataclass(frozen=True)
class DeliveryFailure:
    """Why a message did not reach the topic."""

    text: str
    is_too_large: bool = False
    is_topic_missing: bool = False


class Sender:
    """An idempotent producer that tells the fate of every message."""

    def __init__(self, kafka: Kafka, **overrides: Any) -> None:
        self._kafka = kafka
        self._faults = Faults(kafka.address)
        ours = {
            "enable.idempotence": True,
            "message.max.bytes": TOPIC_MAX_BYTES + 64 * 1024,
            "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
        }
        self._producer = built(Producer, kafka, self._faults, **{**ours, **overrides})

    def send(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        headers: Mapping[str, str],
        on_fate: Callable[[DeliveryFailure | None], None],
    ) -> None:
        """Hand over one message; `on_fate` is called once, with None when the broker has it.

        Raises:
            BrokerUnavailable: no broker could be reached.
            ConfigurationError: the login is refused.
        """
        encoded: list[tuple[str, str | bytes | None]] = [
            (name, text.encode()) for name, text in headers.items()
        ]
        while True:
            try:
                self._producer.produce(
                    topic, value, key, headers=encoded, on_delivery=lambda error, _: on_fate(_failure(error))
                )
            except BufferError:
                self.poll(0.1)
                continue
            except KafkaException as error:
                on_fate(_failure(error.args[0]))
            self.poll(0)
            return

    def poll(self, timeout_s: float) -> None:
        """Serve delivery reports; raise what the error callback knows."""
        self._producer.poll(timeout_s)
        self._faults.check()

    def flush(self, on_wait: Callable[[], None] = lambda: None) -> None:
        """Return when every message's fate is known; calls `on_wait` some times a second meanwhile.

        Raises:
            BrokerUnavailable: no broker could be reached.
            ConfigurationError: the login is refused.
        """
        while self._producer.flush(0.1):
            on_wait()
            self._faults.check()

    def abandon(self) -> None:
        """Drop what was not delivered; each message's fate is told."""
        self._producer.purge()
        self._producer.flush(1)


def _failure(error: KafkaError | None) -> DeliveryFailure | None:
    if error is None:
        return None
    return DeliveryFailure(
        f"{error.name()}: {error.str()}",
        error.code() == KafkaError.MSG_SIZE_TOO_LARGE,
        error.code() in (KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART),
    )
