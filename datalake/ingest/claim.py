"""Claims messages: ledger rows, batch and offsets in one transaction, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from logging import getLogger
from uuid import UUID, uuid4

from datalake.adapters.kafka import Broker, Kafka, Reader, Record, TopicState
from datalake.adapters.postgres import Connection, ledger, offsets, transaction
from datalake.adapters.postgres.ledger import Coordinates, LedgerRow
from datalake.common_func import run_id_of
from datalake.crash_points import crash_point
from datalake.errors import BadMessage, BrokerUnavailable, ConfigurationError, TopicMissing
from datalake.ingest.events import judged
from datalake.ingest.messages import message_id, parse
from datalake.ingest.offsets import starts
from datalake.ingest.reading import Limits, Reading, read

_LOG = getLogger(__name__)


class _Overtaken(Exception):
    """Another claim took these offsets, or the topic was made anew: roll back and claim nothing."""


@dataclass(frozen=True)
class Claimed:
    """What one claim put into the ledger; no batch when no message was valid."""

    batch_id: UUID | None
    rows: tuple[LedgerRow, ...]

    def count(self, outcome: str | None) -> int:
        """Messages with this outcome so far; None: those that became work."""
        return sum(row.outcome == outcome for row in self.rows)


def claim(uri: str, kafka: Kafka, limits: Limits) -> Claimed | None:
    """Take what is unread into the ledger.

    Args:
        uri: of the database.
        kafka: where to read.
        limits: how much to take, and what to accept.

    Returns:
        None when there was nothing to read, or another claim was faster.

    Raises:
        TransientError: database or broker are away; nothing was written, or all of it.
    """
    broker = Broker(kafka)
    state = _described(broker)
    beginning = starts(uri, kafka, broker, state)
    if not beginning:
        return None
    with closing(Reader(kafka, beginning)) as reader:
        crash_point("claim.after_assign")
        reading = read(reader, beginning, limits)
        crash_point("claim.after_read")
        if reading.next_offsets == beginning:
            return None
        try:
            with transaction(uri) as connection:
                claimed = _written(connection, kafka, broker, state, beginning, reading, limits)
                crash_point("claim.before_commit")
        except _Overtaken as reason:
            _LOG.info("Claimed nothing: %s", reason)
            return None
        crash_point("claim.after_commit")
        _mirror(reader, reading.next_offsets)
    crash_point("claim.after_mirror")
    return claimed


def _described(broker: Broker) -> TopicState:
    try:
        return broker.describe()
    except TopicMissing:
        broker.ensure_topics()
        return broker.describe()


def _written(
    connection: Connection,
    kafka: Kafka,
    broker: Broker,
    state: TopicState,
    beginning: Mapping[int, int],
    reading: Reading,
    limits: Limits,
) -> Claimed:
    """Everything that one claim writes, in the caller's transaction."""
    if offsets.locked_offsets(connection, state, list(beginning)) != beginning:
        raise _Overtaken("another claim has read on")
    crash_point("claim.after_lock")
    if broker.describe().topic_id != state.topic_id:
        raise _Overtaken("the topic was made anew")
    rows = _new_rows(connection, kafka, state, reading, limits)
    rows = ledger.insert_rows(connection, rows)
    crash_point("claim.after_ledger")
    rows = _after_events(connection, rows)
    ledger.write_letters(connection, [row for row in rows if row.outcome == "rejected"])
    crash_point("claim.after_letters")
    batch_id = _batch(connection, rows)
    offsets.record_gaps(connection, state, reading.gaps)
    crash_point("claim.after_gaps")
    offsets.move(connection, state, reading.next_offsets)
    crash_point("claim.after_offsets")
    return Claimed(batch_id, tuple(rows))


def _new_rows(
    connection: Connection, kafka: Kafka, state: TopicState, reading: Reading, limits: Limits
) -> list[LedgerRow]:
    """Rows for the messages that the ledger lacks; other bytes at known coordinates stop the partition."""
    rows = [_row(kafka, state, record, limits) for record in reading.records]
    known = ledger.known_hashes(connection, [row.message_id for row in rows])
    for row in rows:
        where = row.coordinates
        is_changed = known.get(row.message_id, row.payload_sha256) != row.payload_sha256
        if is_changed and where.offset < reading.next_offsets[where.partition]:
            _stop_at(connection, state, reading, where)
    return [
        row
        for row in rows
        if row.message_id not in known
        and row.coordinates.offset < reading.next_offsets[row.coordinates.partition]
    ]


def _stop_at(connection: Connection, state: TopicState, reading: Reading, where: Coordinates) -> None:
    reason = (
        f"partition {where.partition}: other bytes at offset {where.offset} than the ledger knows, so "
        "the topic was truncated or restored; `datalake offsets accept` goes on after what is known"
    )
    reading.cut(where.partition, where.offset)
    offsets.move(connection, state, {where.partition: where.offset})
    offsets.stop(connection, state, where.partition, where.offset, reason)
    _LOG.error("Stopped reading: %s", reason)


def _row(kafka: Kafka, state: TopicState, record: Record, limits: Limits) -> LedgerRow:
    coordinates = Coordinates(state.cluster_id, state.topic_id, record.partition, record.offset)
    row = LedgerRow(
        message_id(coordinates),
        coordinates,
        kafka.topic,
        record.key,
        record.value,
        sha256(record.value or b"").hexdigest(),
        record.timestamp_ms,
    )
    try:
        arrived = parse(record.value, limits.strict, limits.message_bytes)
    except BadMessage as bad:
        return row.ended("rejected", bad.reason, bad.detail)
    return row.with_record(arrived)


def _after_events(connection: Connection, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The rows, those ended whose event was seen before."""
    seen = ledger.note_events(connection, rows)
    crash_point("claim.after_events")
    after = [judged(row, seen) for row in rows]
    ledger.finish_rows(connection, [new for old, new in zip(rows, after, strict=True) if new is not old])
    crash_point("claim.after_repeats")
    return after


def _batch(connection: Connection, rows: Sequence[LedgerRow]) -> UUID | None:
    """A batch of these messages, if one of them is work."""
    if all(row.outcome for row in rows):
        return None
    batch_id = uuid4()
    ledger.insert_batch(connection, batch_id, "kafka", run_id_of(batch_id, attempt=1))
    crash_point("claim.after_batch")
    ledger.give_to_batch(connection, batch_id, rows)
    crash_point("claim.after_batch_rows")
    return batch_id


def _mirror(reader: Reader, next_offsets: Mapping[int, int]) -> None:
    """Show lag monitors where we are; the truth is in Postgres, so a failure changes nothing."""
    try:
        reader.mirror(next_offsets)
    except (BrokerUnavailable, ConfigurationError) as error:
        _LOG.warning("Kafka's group offsets lag behind: %s", error)
