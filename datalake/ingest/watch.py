"""Looks whether work is due, by watermarks and small queries; claims and changes nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from logging import getLogger

from datalake import factory, settings
from datalake.adapters.kafka import Broker, Kafka, Span
from datalake.adapters.postgres import offsets, transaction
from datalake.adapters.postgres.letters import is_any_due as is_letter_due
from datalake.adapters.postgres.offsets import Position
from datalake.adapters.postgres.outbox import is_any_due as is_mail_due
from datalake.adapters.runs import Runs
from datalake.common_func import backoff_s
from datalake.errors import BrokerUnavailable, ConfigurationError, TopicMissing
from datalake.ingest.alerts import is_alert_due
from datalake.ingest.batches import has_due
from datalake.ingest.offsets import out_of_range

_LOG = getLogger(__name__)
FIRST_KAFKA_PAUSE_S = 2.0
LONGEST_KAFKA_PAUSE_S = 60.0
NOTIFY_S = 15.0  # a new mail is left to the task `notify` of its own run so long


@dataclass(frozen=True)
class Patience:
    """When unread messages are worth a batch, and when an unfinished one is stuck."""

    messages: int
    wait_s: float
    max_runs: int
    stuck_after_s: float


class Watcher:
    """Remembers, between looks, since when messages wait.

    Args:
        uri: of the database.
        kafka: topic to look at.
        runs: what Airflow knows.
        patience: when unread messages are worth a batch, and when an unfinished one is stuck.
    """

    def __init__(self, uri: str, kafka: Kafka, runs: Runs, patience: Patience) -> None:
        self._uri = uri
        self._kafka = kafka
        self._runs = runs
        self._patience = patience
        self._broker: Broker | None = None
        self._waiting_since: float | None = None
        self.is_busy = False  # runs were live when last looked
        self._kafka_troubles = 0
        self._kafka_silent_until = 0.0

    def is_work_due(self) -> bool:
        """True when a cycle of `kafka_consumer` would do something now.

        A broker that is away hides messages only; batches, letters, mails and alerts are seen all the same.

        Raises:
            TransientError: database or Airflow are away.
        """
        with transaction(self._uri) as connection:
            if is_letter_due(connection) or is_mail_due(connection, NOTIFY_S):
                return True
            if is_alert_due(connection, self._patience.stuck_after_s):
                return True
        return has_due(self._uri, self._runs, self._patience.max_runs) or self._are_messages_due()

    def _are_messages_due(self) -> bool:
        """At once when the pipeline is idle, else when many or long there; never when it is full."""
        live = self._runs.live_count()
        self.is_busy = live > 0
        if live >= self._patience.max_runs:
            return False
        unread = self._unread()
        if not unread:
            self._waiting_since = None
            return False
        self._waiting_since = self._waiting_since or time.monotonic()
        waited_s = time.monotonic() - self._waiting_since
        return not live or unread >= self._patience.messages or waited_s >= self._patience.wait_s

    def _unread(self) -> int:
        """Messages that wait, as far as the broker can be asked."""
        if time.monotonic() < self._kafka_silent_until:
            return 0
        try:
            unread = self._count_unread()
        except TopicMissing:
            return 1  # a claim makes it
        except (BrokerUnavailable, ConfigurationError) as error:
            self._broker = None
            self._kafka_troubles += 1
            pause_s = backoff_s(self._kafka_troubles, FIRST_KAFKA_PAUSE_S, LONGEST_KAFKA_PAUSE_S)
            self._kafka_silent_until = time.monotonic() + pause_s
            _LOG.warning("Looking at Kafka again in %.0f s: %s", pause_s, error)
            return 0
        self._kafka_troubles = 0
        return unread

    def _count_unread(self) -> int:
        self._broker = self._broker or Broker(self._kafka)
        state = self._broker.describe()
        with transaction(self._uri) as connection:
            known = offsets.positions(connection, state)
        spans = self._broker.spans(state.partitions)
        return sum(_unread_of(partition, known.get(partition), span) for partition, span in spans.items())


def build_watcher(runs: Runs) -> Watcher:
    """A watcher from the settings, read anew.

    Raises:
        ConfigurationError: the settings cannot be used.
    """
    config = settings.Settings()
    patience = Patience(
        messages=config.kafka.claim_max_messages,
        wait_s=config.kafka.claim_max_wait_s,
        max_runs=config.airflow.max_runs_in_flight,
        stuck_after_s=config.kafka.stuck_after_s,
    )
    return Watcher(factory.postgres_uri(config), Kafka.from_settings(config.kafka), runs, patience)


def _unread_of(partition: int, position: Position | None, span: Span) -> int:
    if position is None:
        return span.end - span.low
    if position.stopped:
        return 0
    if out_of_range(partition, position.next_offset, span):
        return 1  # a claim stops the partition and says why
    return span.end - position.next_offset
