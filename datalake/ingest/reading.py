"""Reads what is there, one message at a time, and knows what every offset was."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from datalake.adapters.kafka import EndOfPartition, OutOfRange, Reader, Record
from datalake.adapters.postgres.offsets import Gap

SILENCE_S = 10.0


@dataclass(frozen=True)
class Limits:
    """How much one claim takes, and what it accepts."""

    messages: int
    payload_bytes: int
    message_bytes: int
    strict: bool


@dataclass
class Reading:
    """Messages in the order read, and where each partition stands after them."""

    next_offsets: dict[int, int]
    records: list[Record] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    size_bytes: int = 0

    def take(self, record: Record) -> None:
        """Keep a message; offsets skipped before it hold none."""
        self.reach(record.partition, record.offset)
        self.records.append(record)
        self.next_offsets[record.partition] = record.offset + 1
        self.size_bytes += len(record.value or b"") + len(record.key or b"")

    def reach(self, partition: int, offset: int) -> None:
        """Note that nothing more is below `offset`."""
        expected = self.next_offsets[partition]
        if offset > expected:
            self.gaps.append(Gap(partition, expected, offset - 1, "no_message"))
            self.next_offsets[partition] = offset

    def cut(self, partition: int, offset: int) -> None:
        """Forget what was read of a partition from `offset` on."""
        self.records = [r for r in self.records if r.partition != partition or r.offset < offset]
        self.gaps = [g for g in self.gaps if g.partition != partition or g.first_offset < offset]
        self.next_offsets[partition] = offset


def read(reader: Reader, starts: Mapping[int, int], limits: Limits) -> Reading:
    """Read every partition to its end, or until a limit is met.

    Raises:
        BrokerUnavailable: the broker went away.
    """
    reading = Reading(dict(starts))
    unread = set(starts)
    heard = time.monotonic()
    while unread and len(reading.records) < limits.messages and reading.size_bytes < limits.payload_bytes:
        found = reader.read(0.5)
        if found is not None:
            heard = time.monotonic()
        elif time.monotonic() - heard > SILENCE_S:
            break
        match found:
            case Record():
                reading.take(found)
                unread.add(found.partition)
            case EndOfPartition():
                reading.reach(found.partition, found.offset)
                unread.discard(found.partition)
            case OutOfRange():
                # The next cycle compares the offset with the watermarks and stops the partition.
                unread.discard(found.partition)
    return reading
