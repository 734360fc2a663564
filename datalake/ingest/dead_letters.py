"""Publishes the dead-letter outbox: the topic may repeat a letter, the table never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from logging import getLogger
from uuid import UUID

from datalake.adapters.kafka import Broker, DeliveryFailure, Kafka, Sender
from datalake.adapters.postgres import letters, transaction
from datalake.adapters.postgres.letters import Letter
from datalake.crash_points import crash_point
from datalake.errors import BrokerUnavailable, ConfigurationError

_LOG = getLogger(__name__)
_UNKNOWN = DeliveryFailure("no delivery report")
# One letter a request, so that one that is too large takes no other with it.
_ONE_BY_ONE = {"batch.num.messages": 1}

Fates = dict[UUID, DeliveryFailure | None]


@dataclass(frozen=True)
class LetterTally:
    """Letters that the broker has, those among them without body, and those put off."""

    published: int = 0
    without_body: int = 0
    put_off: int = 0
    last_error: str | None = None


def publish_dead_letters(uri: str, kafka: Kafka) -> LetterTally:
    """Send every due letter with its original bytes and headers that say why and whence.

    A letter that the broker refuses for its size goes without its body. One that cannot be delivered is
    put off, and the error noted in the outbox.

    Raises:
        DatabaseUnavailable: the outbox cannot be read.
    """
    tally = LetterTally()
    while not tally.put_off:
        with transaction(uri) as connection:
            page = letters.take_due(connection)
            if not page:
                break
            crash_point("letters.after_take")
            fates, bodiless = _delivered(kafka, page)
            crash_point("letters.after_send")
            for letter in page:
                failure = fates[letter.message_id]
                if failure is None:
                    letters.record_published(connection, letter.message_id, letter.message_id in bodiless)
                else:
                    letters.put_off(connection, letter.message_id, failure.text)
            crash_point("letters.before_commit")
        tally = _added(tally, fates, bodiless)
        crash_point("letters.after_commit")
    return tally


def _added(tally: LetterTally, fates: Fates, bodiless: set[UUID]) -> LetterTally:
    failures = [failure for failure in fates.values() if failure is not None]
    if failures:
        _LOG.warning("%d dead letters are put off: %s", len(failures), failures[0].text)
    return LetterTally(
        tally.published + len(fates) - len(failures),
        tally.without_body + len(bodiless),
        len(failures),
        failures[0].text if failures else None,
    )


def _delivered(kafka: Kafka, page: Sequence[Letter]) -> tuple[Fates, set[UUID]]:
    """The fate of each letter, and which went without body."""
    fates: Fates = {letter.message_id: _UNKNOWN for letter in page}
    too_large: list[Letter] = []
    try:
        sender = Sender(kafka, **_ONE_BY_ONE)
        _send(sender, kafka, page, fates, with_body=True)
        too_large += [letter for letter in page if _is_too_large(fates[letter.message_id])]
        _send(sender, kafka, too_large, fates, with_body=False)
        if any(failure and failure.is_topic_missing for failure in fates.values()):
            Broker(kafka).ensure_topics()
    except (BrokerUnavailable, ConfigurationError) as error:
        fates = {known: fate and DeliveryFailure(str(error)) for known, fate in fates.items()}
    return fates, {letter.message_id for letter in too_large if fates[letter.message_id] is None}


def _is_too_large(fate: DeliveryFailure | None) -> bool:
    return fate is not None and fate.is_too_large


def _send(sender: Sender, kafka: Kafka, page: Sequence[Letter], fates: Fates, with_body: bool) -> None:
    for letter in page:
        sender.send(
            kafka.dead_letter_topic,
            str(letter.coordinates).encode(),
            letter.payload if with_body else None,
            headers(letter, with_body),
            partial(fates.__setitem__, letter.message_id),
        )
    try:
        sender.flush()
    except (BrokerUnavailable, ConfigurationError):
        sender.abandon()
        raise


def headers(letter: Letter, with_body: bool) -> dict[str, str]:
    """What the letter says beside the message's own bytes."""
    told = {
        "reason": letter.reason,
        "detail": letter.detail,
        "source_topic": letter.topic,
        "source_partition": str(letter.coordinates.partition),
        "source_offset": str(letter.coordinates.offset),
        "message_id": str(letter.message_id),
    }
    if with_body:
        return told
    size = len(letter.payload or b"")
    return told | {
        "body_omitted": "too_large",
        "body_bytes": str(size),
        "body_sha256": letter.payload_sha256,
    }
