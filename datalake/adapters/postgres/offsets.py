"""The SQL of consumer_offsets: where reading goes on. All inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datalake.adapters import postgres
from datalake.adapters.kafka import Span, TopicState
from datalake.adapters.postgres import Connection, alerts

_INSERT = """
INSERT INTO consumer_offsets (cluster_id, topic_id, partition, topic, first_offset, next_offset)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_READ = """
SELECT partition, first_offset, next_offset, stopped FROM consumer_offsets
WHERE cluster_id = %s AND topic_id = %s ORDER BY partition
"""
_LOCK = """
SELECT partition, next_offset FROM consumer_offsets
WHERE cluster_id = %s AND topic_id = %s AND partition = ANY(%s) AND stopped IS NULL
ORDER BY partition FOR UPDATE
"""
_MOVE = """
UPDATE consumer_offsets SET next_offset = %s, updated_at = now()
WHERE cluster_id = %s AND topic_id = %s AND partition = %s
"""
_STOP = """
UPDATE consumer_offsets SET stopped = %s, updated_at = now()
WHERE cluster_id = %s AND topic_id = %s AND partition = %s AND next_offset = %s AND stopped IS NULL
RETURNING topic
"""
_GO_ON = """
UPDATE consumer_offsets SET stopped = NULL, next_offset = %s, updated_at = now()
WHERE cluster_id = %s AND topic_id = %s AND partition = %s AND next_offset = %s AND stopped IS NOT NULL
"""
_LET_GO = """
UPDATE consumer_offsets SET stopped = NULL, updated_at = now()
WHERE cluster_id = %s AND topic = %s AND topic_id <> %s AND stopped IS NOT NULL RETURNING topic_id, partition
"""
_EARLIER = """
SELECT topic_id, partition, next_offset, stopped FROM consumer_offsets
WHERE cluster_id = %(cluster_id)s AND topic_id = (
    SELECT topic_id FROM consumer_offsets
    WHERE cluster_id = %(cluster_id)s AND topic = %(topic)s AND topic_id <> %(topic_id)s
    ORDER BY updated_at DESC LIMIT 1)
ORDER BY partition
"""
_LAST_KNOWN = """
SELECT max(message_offset) AS last FROM ledger
WHERE cluster_id = %s AND topic_id = %s AND partition = %s AND message_offset >= %s
"""
_RECORD_GAP = """
INSERT INTO offset_gaps (cluster_id, topic_id, partition, first_offset, last_offset, reason)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (cluster_id, topic_id, partition, first_offset)
DO UPDATE SET last_offset = greatest(offset_gaps.last_offset, excluded.last_offset)
"""


@dataclass(frozen=True)
class Position:
    """Where reading of a partition goes on, or why it does not."""

    first_offset: int
    next_offset: int
    stopped: str | None


@dataclass(frozen=True)
class Gap:
    """Offsets, both ends included, that hold no message."""

    partition: int
    first_offset: int
    last_offset: int
    reason: str


def insert_missing(connection: Connection, topic: str, state: TopicState, spans: Mapping[int, Span]) -> int:
    """Give every partition a row; a new one starts at its low watermark. Returns how many are new."""
    where = (state.cluster_id, state.topic_id)
    values = [(*where, partition, topic, span.low, span.low) for partition, span in spans.items()]
    return sum(postgres.execute(connection, _INSERT, one) for one in values)


def positions(connection: Connection, state: TopicState) -> dict[int, Position]:
    """All partitions of the topic that were ever read."""
    found = postgres.rows(connection, _READ, (state.cluster_id, state.topic_id))
    return {
        row["partition"]: Position(row["first_offset"], row["next_offset"], row["stopped"]) for row in found
    }


def locked_offsets(connection: Connection, state: TopicState, partitions: Sequence[int]) -> dict[int, int]:
    """Next offsets of those partitions that are not stopped, locked until the transaction ends."""
    found = postgres.rows(connection, _LOCK, (state.cluster_id, state.topic_id, list(partitions)))
    return {row["partition"]: row["next_offset"] for row in found}


def move(connection: Connection, state: TopicState, offsets: Mapping[int, int]) -> None:
    """Write where reading goes on."""
    for partition, offset in offsets.items():
        postgres.execute(connection, _MOVE, (offset, state.cluster_id, state.topic_id, partition))


def stop(connection: Connection, state: TopicState, partition: int, offset: int, reason: str) -> bool:
    """Stop a partition that still stands at `offset`, and raise the alert; False when somebody moved it."""
    where = (state.cluster_id, state.topic_id, partition, offset)
    stopped = postgres.row(connection, _STOP, (reason, *where))
    if stopped is None:
        return False
    subject = f"partition {partition} of {stopped['topic']} is not read"
    key = _alert_key(state.cluster_id, state.topic_id, partition)
    alerts.raise_alert(connection, key, "partition_stopped", subject, reason)
    return True


def go_on(connection: Connection, state: TopicState, partition: int, offset: int, new_offset: int) -> bool:
    """Let a stopped partition go on elsewhere and resolve its alert; False when it is not stopped there."""
    where = (state.cluster_id, state.topic_id, partition, offset)
    if postgres.execute(connection, _GO_ON, (new_offset, *where)) != 1:
        return False
    alerts.resolve(connection, [_alert_key(state.cluster_id, state.topic_id, partition)])
    return True


def tell_of_new_topic(connection: Connection, topic: str, state: TopicState) -> str | None:
    """Raise the alert of a topic that was made anew, if an earlier one was read.

    Returns:
        What the alert says; None for a topic that is the first of its name.
    """
    where = {"cluster_id": state.cluster_id, "topic_id": state.topic_id, "topic": topic}
    earlier = postgres.rows(connection, _EARLIER, where)
    if not earlier:
        return None
    read = "; ".join(
        f"partition {at['partition']}: offset {at['next_offset']}"
        + (f" (it was stopped: {at['stopped']})" if at["stopped"] else "")
        for at in earlier
    )
    detail = (
        f"The topic {topic} was deleted and made anew: its id was {earlier[0]['topic_id']} and is "
        f"{state.topic_id}. Of the earlier topic was not read what stood at and after {read}. Nobody can "
        "tell how many messages that were; have their senders send them again. "
        "`datalake offsets accept 0` ends this alert."
    )
    alerts.raise_alert(connection, _new_topic_key(state), "topic_made_anew", f"{topic} was made anew", detail)
    return detail


def accept_new_topic(connection: Connection, state: TopicState) -> bool:
    """Resolve the alert of a topic that was made anew; False when none is open."""
    return alerts.resolve(connection, [_new_topic_key(state)]) == 1


def let_go(connection: Connection, topic: str, state: TopicState) -> list[int]:
    """End the stops of a topic that was made anew: nobody can mend them, and the new topic's alert tells.

    Returns:
        The partitions of the earlier topic that were stopped.
    """
    gone = postgres.rows(connection, _LET_GO, (state.cluster_id, topic, state.topic_id))
    alerts.resolve(connection, [_alert_key(state.cluster_id, at["topic_id"], at["partition"]) for at in gone])
    return [at["partition"] for at in gone]


def _new_topic_key(state: TopicState) -> str:
    return f"topic_made_anew/{state.cluster_id}/{state.topic_id}"


def _alert_key(cluster_id: str, topic_id: str, partition: int) -> str:
    return f"partition_stopped/{cluster_id}/{topic_id}/{partition}"


def record_gaps(connection: Connection, state: TopicState, gaps: Sequence[Gap]) -> None:
    """Note offsets that hold no message, so that the ledger still balances."""
    for gap in gaps:
        where = (state.cluster_id, state.topic_id, gap.partition)
        postgres.execute(connection, _RECORD_GAP, (*where, gap.first_offset, gap.last_offset, gap.reason))


def last_known(connection: Connection, state: TopicState, partition: int, offset: int) -> int | None:
    """Last offset of the partition, from `offset` on, that the ledger has a row for."""
    where = (state.cluster_id, state.topic_id, partition, offset)
    found = postgres.row(connection, _LAST_KNOWN, where)
    return found["last"] if found else None
