"""The running stack as the demo needs it: send, look, search."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from datalake import settings
from datalake.adapters.kafka import Broker, EndOfPartition, Kafka, Reader, Record, Sender
from datalake.adapters.postgres import kept_connections
from datalake.contracts import SearchHit
from datalake.demo import latency
from datalake.demo.airflow_api import AirflowApi
from datalake.demo.ledger_rows import MessageState, progress
from datalake.demo.messages import PLATFORM, DemoMessage
from datalake.embedded.process import wait_until
from datalake.embedded.state import StackState
from datalake.errors import BrokerUnavailable
from datalake.factory import postgres_uri
from datalake.serving.search import Search

_POLL_S = 0.1
_IDLE_POLL_S = 0.5
_MANY = 50


@dataclass(frozen=True)
class Scene:
    """Everything the demo talks to."""

    config: settings.Settings
    kafka: Kafka
    airflow: AirflowApi
    search: Search

    @property
    def postgres_uri(self) -> str:
        """Of the database `video_db`."""
        return postgres_uri(self.config)

    @classmethod
    def of_stack(cls, state: StackState) -> Scene:
        """The stack on this machine.

        Raises:
            TransientError: a part of it does not answer.
        """
        config = settings.Settings()
        airflow = AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password)
        return cls(config, Kafka.from_settings(config.kafka), airflow, Search.of_settings(config))

    def send(self, messages: Sequence[DemoMessage]) -> None:
        """Send all, and return when the broker has them.

        Raises:
            BrokerUnavailable: it does not have all of them.
        """
        fates: list[object] = []
        sender = Sender(self.kafka)
        for message in messages:
            key = f"{PLATFORM}/{message.video_id}".encode()
            sender.send(self.kafka.topic, key, message.payload, {}, fates.append)
        sender.flush()
        if lost := [fate for fate in fates if fate is not None]:
            raise BrokerUnavailable(f"{len(lost)} of {len(messages)} messages were not delivered: {lost[0]}")

    def first_hits(self, words: str, limit: int = _MANY) -> list[SearchHit]:
        """What a person finds who types these words."""
        return self.search(words, limit=limit, platform=PLATFORM)

    def points(self) -> int:
        """Points in the model's collection."""
        return self.search.vector_index.count(self.search.encoder.model)

    def letters(self) -> dict[str, str]:
        """Reasons of the newest letters in the dead-letter topic, by the hash of the original bytes."""
        topic = replace(self.kafka, topic=self.kafka.dead_letter_topic)
        broker = Broker(topic)
        spans = broker.spans(broker.describe().partitions)
        starts = {partition: max(span.low, span.end - _MANY) for partition, span in spans.items()}
        reasons: dict[str, str] = {}
        with closing(Reader(topic, starts)) as reader:
            ended = 0
            while ended < len(starts):
                read = reader.read(_POLL_S)
                if isinstance(read, Record):
                    reason = dict(read.headers).get("reason") or b""
                    reasons[sha256(read.value or b"").hexdigest()] = reason.decode()
                ended += isinstance(read, EndOfPartition)
        return reasons

    def wait_until_idle(self, timeout_s: float) -> bool:
        """True when no run of `video_process` is live; False when the time was over."""

        def is_idle() -> bool:
            return not any(self.airflow.runs("video_process", state) for state in ("queued", "running"))

        return wait_until(is_idle, timeout_s, every_s=_IDLE_POLL_S)

    def steps_until_searchable(
        self, message: DemoMessage, words: str, asset_id: str, timeout_s: float
    ) -> list[latency.Step] | None:
        """Send one message and search for its content until it is there; None when the time was over."""
        sent_at = datetime.now(UTC)
        self.send([message])

        def is_done() -> bool:
            state = self._state(message)
            return state is not None and state.outcome == "done"

        def is_found() -> bool:
            return any(hit.asset_id == asset_id for hit in self.first_hits(words))

        with kept_connections():  # what is looked at must not be slowed by looking
            is_there = wait_until(is_done, timeout_s, every_s=_POLL_S) and wait_until(is_found, timeout_s)
        if not is_there:
            return None
        found_at = datetime.now(UTC)
        state = self._state(message)
        if state is None or state.run_id is None:
            return None
        tasks = self.airflow.task_times("video_process", state.run_id)
        return latency.steps(sent_at, state.received_at, tasks, found_at)

    def _state(self, message: DemoMessage) -> MessageState | None:
        return progress(self.postgres_uri, [message]).states.get(message.sha256)
