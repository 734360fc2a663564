from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from datalake.adapters import postgres
from datalake.adapters.postgres import ledger
from datalake.adapters.postgres.ledger import Coordinates, LedgerRow, broker_time
from datalake.contracts import VideoArrived

pytestmark = pytest.mark.postgres


def row(offset: int = 0, **fields: object) -> LedgerRow:
    arrived = VideoArrived(event_id=uuid.uuid4(), video_id="C1", uri="file:///a.mp4", **fields)
    coordinates = Coordinates("cluster", "topic-id", 0, offset)
    return LedgerRow(uuid.uuid4(), coordinates, "topic", b"k", b"bytes", "hash", 1_700_000_000_123, arrived)


def test_the_version_is_the_senders_or_the_brokers() -> None:
    assert row().version == 1_700_000_000_123
    assert row(version=7).version == 7
    assert row(version=0).version == 0


@pytest.mark.parametrize(
    ("timestamp_ms", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (None, None),
        (2**62, None),
        (-(2**62), None),
    ],
)
def test_a_time_that_no_calendar_has_is_none(timestamp_ms: int | None, expected: datetime | None) -> None:
    assert broker_time(timestamp_ms) == expected


def test_a_refused_value_costs_one_row_even_where_many_are_written(postgres_uri: str) -> None:
    rows = [row(offset) for offset in range(120)]
    with postgres.transaction(postgres_uri) as connection:
        postgres.execute(connection, "ALTER TABLE ledger ADD CHECK (arrived->'extra'->>'bad' IS NULL)")
        rows[60] = row(60, extra={"bad": "x"})
        written = ledger.insert_rows(connection, rows)
        found = postgres.rows(connection, "SELECT outcome, reason FROM ledger ORDER BY message_offset")
    assert [new.outcome for new in written] == [None] * 60 + ["rejected"] + [None] * 59
    assert found[60] == {"outcome": "rejected", "reason": "not_storable"}
    assert sum(one["outcome"] is None for one in found) == 119


def test_the_first_message_keeps_its_event(postgres_uri: str) -> None:
    first, other = row(0), row(1)
    same = LedgerRow(uuid.uuid4(), Coordinates("c", "t", 0, 2), "topic", None, b"x", "h2", 1, first.arrived)
    with postgres.transaction(postgres_uri) as connection:
        ledger.insert_rows(connection, [first, other, same])
        seen = ledger.note_events(connection, [first, other, same])
    assert seen[first.arrived.event_id] == ("hash", first.message_id)
    assert seen[other.arrived.event_id] == ("hash", other.message_id)
