"""Does the ledger balance? What the broker counts against what the ledger holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from datalake.adapters.kafka import Broker, Kafka, Span, TopicState
from datalake.adapters.postgres import Connection, Row, execute, row, rows, transaction
from datalake.adapters.postgres.statements import statement
from datalake.equation import closing_equation
from datalake.errors import TransientError

_POLL_S = 1.0
_TYPED = "SELECT count(*) AS typed FROM ledger WHERE cluster_id = 'ui'"


@dataclass(frozen=True)
class LedgerBalance:
    """Where every message is.

    Attributes:
        arrived: messages on the topic, counted from the broker's offsets.
        typed: URIs typed into the trigger form.
        unread: messages that no claim has read yet.
        in_progress: messages that are read and have no outcome.
        outcomes: messages that ended, by outcome.
        beyond: ledger rows whose messages the broker has lost; they are counted nowhere else.
        stopped: partitions that are not read, and why.
    """

    arrived: int
    typed: int
    unread: int
    in_progress: int
    outcomes: Mapping[str, int]
    beyond: int = 0
    stopped: tuple[str, ...] = ()

    @property
    def accounted(self) -> int:
        """Messages that the ledger or the topic still holds."""
        return self.unread + self.in_progress + sum(self.outcomes.values())

    @property
    def balances(self) -> bool:
        """True when not one message is lost or counted twice."""
        return self.arrived + self.typed == self.accounted

    @property
    def is_settled(self) -> bool:
        """True when it balances and nothing is under way."""
        return self.balances and not self.unread and not self.in_progress

    @property
    def equation(self) -> str:
        """What came in and where it is, in a line."""
        rest = {"in progress": self.in_progress, "unread": self.unread}
        return closing_equation(self.arrived + self.typed, self.outcomes, rest)


def ledger_balance(uri: str, kafka: Kafka) -> LedgerBalance:
    """Count both sides.

    Raises:
        TransientError: database or broker are away.
    """
    broker = Broker(kafka)
    state = broker.describe()
    with transaction(uri) as connection:
        execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        positions = rows(connection, statement("ledger/positions"))
        # Asked after the snapshot, so that no offset in it is beyond the end.
        spans = broker.spans(state.partitions)
        return _balance(connection, state, spans, positions)


def settled_balance(
    look: Callable[[], LedgerBalance], wait_s: float, tell: Callable[[str], None]
) -> LedgerBalance:
    """Look until nothing is under way, or the time is over.

    Args:
        look: counts both sides.
        wait_s: how long to wait at most, seconds.
        tell: takes a line whenever something has changed.

    Returns:
        The last look; not settled when the time was over.

    Raises:
        TransientError: a service was away to the end; before that it is waited for.
    """
    deadline = time.monotonic() + wait_s
    said = ""
    while True:
        is_over = time.monotonic() >= deadline
        try:
            balance = look()
        except TransientError as error:
            if is_over:
                raise
            line = str(error)
        else:
            if is_over or balance.is_settled:
                return balance
            line = balance.equation
        if line != said:
            tell(line)
            said = line
        time.sleep(min(_POLL_S, max(0.0, deadline - time.monotonic())))


def _balance(
    connection: Connection, state: TopicState, spans: Mapping[int, Span], positions: Sequence[Row]
) -> LedgerBalance:
    ends = {(at["topic_id"], at["partition"]): _end(at, state, spans) for at in positions}
    seen = {at["partition"] for at in positions if at["topic_id"] == state.topic_id}
    unseen = sum(span.end - span.low for partition, span in spans.items() if partition not in seen)
    keys = list(ends)
    counted = rows(
        connection,
        statement("ledger/outcomes"),
        ([topic for topic, _ in keys], [partition for _, partition in keys], list(ends.values())),
    )
    outcomes = {found["outcome"]: found["messages"] - found["beyond"] for found in counted}
    typed = row(connection, _TYPED)
    return LedgerBalance(
        arrived=unseen + sum(_arrived(at, ends[at["topic_id"], at["partition"]]) for at in positions),
        typed=typed["typed"] if typed else 0,
        unread=unseen
        + sum(max(0, ends[at["topic_id"], at["partition"]] - at["next_offset"]) for at in positions),
        in_progress=outcomes.pop(None, 0),
        outcomes=outcomes,
        beyond=sum(found["beyond"] for found in counted),
        stopped=tuple(at["stopped"] for at in positions if at["stopped"]),
    )


def _end(at: Row, state: TopicState, spans: Mapping[int, Span]) -> int:
    """The end that the broker tells; of a topic that is gone, what was read."""
    span = spans.get(at["partition"]) if at["topic_id"] == state.topic_id else None
    return int(span.end if span else at["next_offset"])


def _arrived(at: Row, end: int) -> int:
    return int(end - at["first_offset"] - (at["gaps"] - at["known_in_gaps"]))
