"""Sends messages at a pace and accounts for every one of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count as counting
from itertools import islice

from datalake.adapters.kafka import Broker, DeliveryFailure, Kafka, Sender
from datalake.errors import BrokerUnavailable, ConfigurationError, TopicMissing
from datalake.ingest.announcements import Announcement


@dataclass(frozen=True)
class Report:
    """What became of the messages; `first_error` explains the failed ones."""

    sent: int
    delivered: int
    failed: int
    first_error: str | None = None

    @property
    def balances(self) -> bool:
        """True when the fate of every message is known."""
        return self.sent == self.delivered + self.failed

    @property
    def is_success(self) -> bool:
        """True when the broker has every message."""
        return self.balances and not self.failed


def messages(announcements: Sequence[Announcement], count: int | None) -> Iterator[tuple[bytes, bytes]]:
    """Keys and payloads; a count beyond the list begins it again, with new video ids."""
    copies = (announcement.copy(number) for number in counting(1) for announcement in announcements)
    for announcement in islice(copies, len(announcements) if count is None else count):
        yield announcement.key, announcement.payload()


def announce(
    kafka: Kafka,
    announcements: Sequence[Announcement],
    count: int | None = None,
    rate: float | None = None,
    on_progress: Callable[[int, int], None] = lambda sent, delivered: None,
) -> Report:
    """Send the messages and wait until the fate of each is known.

    Args:
        kafka: which topic.
        announcements: what to send, in order.
        count: how many messages; None: one each.
        rate: messages a second at most; None: as fast as the broker takes them.
        on_progress: told the numbers of sent and delivered messages.

    Raises:
        BrokerUnavailable: the broker cannot be reached; nothing was sent.
        ConfigurationError: the login is refused, or there is no such topic; nothing was sent.
    """
    check_topic(kafka)
    fates: Counter[str | None] = Counter()
    sender = Sender(kafka)
    sent, error = 0, None
    start = time.monotonic()
    try:
        for key, payload in messages(announcements, count):
            while rate and (early_s := start + sent / rate - time.monotonic()) > 0:
                sender.poll(min(early_s, 0.2))
            sent += 1
            sender.send(kafka.topic, key, payload, {}, lambda failure: _note(fates, failure))
            on_progress(sent, fates[None])
        sender.flush(lambda: on_progress(sent, fates[None]))
    except (BrokerUnavailable, ConfigurationError, KeyboardInterrupt) as stop:
        sender.abandon()
        error = str(stop) or "interrupted"
    on_progress(sent, fates[None])
    failed = fates.total() - fates[None]
    return Report(sent, fates[None], failed, error or next((text for text in fates if text), None))


def check_topic(kafka: Kafka) -> None:
    """Return when the topic can be written to; the pipeline's own topics are made where missing.

    Raises:
        BrokerUnavailable: the broker cannot be reached.
        ConfigurationError: the login is refused, or there is no such topic.
    """
    broker = Broker(kafka)
    try:
        broker.describe()
    except TopicMissing as error:
        raise TopicMissing(
            f"There is no topic {kafka.topic} at {kafka.address}: create it, or check --topic and KAFKA_TOPIC"
        ) from error


def with_topic(kafka: Kafka, topic: str | None) -> Kafka:
    """The same broker and login, for another topic."""
    return replace(kafka, topic=topic) if topic else kafka


def _note(fates: Counter[str | None], failure: DeliveryFailure | None) -> None:
    fates[failure.text if failure else None] += 1
