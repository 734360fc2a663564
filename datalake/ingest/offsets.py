"""Where each partition is read from, when it must not be read, and how a person lets it go on."""

from __future__ import annotations

from logging import getLogger

from datalake.adapters.kafka import Broker, Kafka, Span, TopicState
from datalake.adapters.postgres import offsets, transaction
from datalake.adapters.postgres.offsets import Gap, Position
from datalake.crash_points import crash_point
from datalake.errors import ConfigurationError

_LOG = getLogger(__name__)


def starts(uri: str, kafka: Kafka, broker: Broker, state: TopicState) -> dict[int, int]:
    """Offsets to read from, of the partitions that have something to read.

    A partition seen for the first time gets a committed row at its low watermark, so that there is
    something to lock. One whose offset the broker does not have is stopped, and the range named.
    A topic that was made anew is told of, because nobody can count what was unread in the earlier one.

    Raises:
        TransientError: database or broker are away.
    """
    with transaction(uri) as connection:
        is_unknown = not offsets.positions(connection, state)
        made = offsets.insert_missing(connection, kafka.topic, state, broker.spans(state.partitions))
        # Of two claims that see a topic first, the one whose rows are new tells of it.
        if is_unknown and made and (loss := offsets.tell_of_new_topic(connection, kafka.topic, state)):
            _LOG.error("Alert: %s", loss)
        for partition in offsets.let_go(connection, kafka.topic, state):
            _LOG.warning("Partition %d was stopped and is gone: %s was made anew", partition, kafka.topic)
    crash_point("claim.after_partitions")
    with transaction(uri) as connection:
        positions = offsets.positions(connection, state)
    spans = broker.spans(state.partitions)  # after the offsets, or another claim's move looks out of range
    found: dict[int, int] = {}
    for partition, span in spans.items():
        position = positions[partition]
        reason = None if position.stopped else out_of_range(partition, position.next_offset, span)
        if reason:
            _stop(uri, state, partition, position.next_offset, reason)
        elif not position.stopped and position.next_offset < span.end:
            found[partition] = position.next_offset
    return found


def out_of_range(partition: int, offset: int, span: Span) -> str | None:
    """Why a stored offset cannot be read from, or None."""
    if offset < span.low:
        return (
            f"partition {partition}: offsets {offset} to {span.low - 1} were deleted before they were read; "
            "raise the topic's retention, then `datalake offsets accept`"
        )
    if offset > span.end:
        return (
            f"partition {partition}: the stored offset {offset} is beyond the end {span.end}, so the topic "
            f"lost offsets {span.end} to {offset - 1}; restore it, or `datalake offsets accept`"
        )
    return None


def _stop(uri: str, state: TopicState, partition: int, offset: int, reason: str) -> None:
    with transaction(uri) as connection:
        stopped = offsets.stop(connection, state, partition, offset, reason)
    if stopped:
        _LOG.error("Stopped reading: %s", reason)


def accept_new_topic(uri: str, kafka: Kafka) -> bool:
    """End the alert of a topic that was made anew; False when there is none.

    Raises:
        TransientError: database or broker are away.
    """
    state = Broker(kafka).describe()
    with transaction(uri) as connection:
        return offsets.accept_new_topic(connection, state)


def accept(uri: str, kafka: Kafka, partition: int) -> Gap | None:
    """Let a stopped partition go on after the loss; what was lost is recorded.

    Returns:
        The gap; None when the topic lost its end: then it is read again from where we began, known messages
        are passed over, and a second stop names the offsets that hold other bytes now.

    Raises:
        ConfigurationError: the partition is not stopped.
    """
    broker = Broker(kafka)
    state = broker.describe()
    span = broker.spans((partition,))[partition]
    with transaction(uri) as connection:
        position = offsets.positions(connection, state).get(partition)
        if position is None or position.stopped is None:
            raise ConfigurationError(
                f"partition {partition} of {kafka.topic} is not stopped: nothing to accept"
            )
        known = offsets.last_known(connection, state, partition, position.next_offset)
        new_offset, gap = _after_loss(partition, position, span, known)
        offsets.record_gaps(connection, state, [gap] if gap else [])
        offsets.go_on(connection, state, partition, position.next_offset, new_offset)
    return gap


def _after_loss(
    partition: int, position: Position, span: Span, last_known: int | None
) -> tuple[int, Gap | None]:
    """Where to go on, and what is given up."""
    if position.next_offset < span.low:
        return span.low, Gap(partition, position.next_offset, span.low - 1, "accepted: deleted unread")
    if position.next_offset > span.end:
        return max(span.low, position.first_offset), None
    # Other bytes at offsets that the ledger knows: its rows stand, the new messages there are given up.
    new_offset = min(span.end, (last_known or position.next_offset) + 1)
    return new_offset, Gap(
        partition, position.next_offset, new_offset - 1, "accepted: other bytes at known offsets"
    )
