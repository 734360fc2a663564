"""To which message an event belongs: the first one that named it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from datalake.adapters.postgres.ledger import LedgerRow


def judged(row: LedgerRow, seen: Mapping[UUID, tuple[str, UUID]]) -> LedgerRow:
    """The row, ended if its event belongs to another message.

    Args:
        row: a message.
        seen: for each event id the payload hash and the message it was first seen with.
    """
    if row.arrived is None:
        return row
    payload_sha256, first = seen[row.arrived.event_id]
    if first == row.message_id:
        return row
    if payload_sha256 == row.payload_sha256:
        return row.ended("duplicate", "event_id_seen", f"the same event came as message {first}")
    return row.ended(
        "rejected",
        "event_id_reused",
        f"event_id {row.arrived.event_id} belongs to message {first}, which differs",
    )
