"""Compares the broker's receipts with ledger, outbox and dead-letter topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from benchmarks.fuzz_suite.delivery import Receipts
from benchmarks.fuzz_suite.examples import WORK
from datalake.adapters.kafka import Broker, EndOfPartition, Kafka, Reader, Record
from datalake.adapters.postgres import rows, transaction
from datalake.ingest.ledger import ledger_balance
from datalake.ingest.reasons import REASONS

_LEDGER = """
SELECT partition, message_offset, message_id, payload_sha256, outcome, reason,
       encode(sha256(coalesce(payload, '')), 'hex') AS stored_sha256
FROM ledger
"""
_LETTERS = "SELECT message_id, reason, detail, published_at IS NOT NULL AS is_published FROM dead_letters"
_EVENTS = """
SELECT e.event_id, count(*) FILTER (WHERE l.outcome IS NULL) AS working,
       count(*) FILTER (WHERE l.outcome = CASE l.payload_sha256 WHEN e.payload_sha256
                                          THEN 'rejected' ELSE 'duplicate' END) AS wrong
FROM ledger l JOIN events e USING (event_id)
GROUP BY e.event_id
"""
_EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """Something that must not be, how often, and the first cases of it."""

    name: str
    count: int
    cases: tuple[str, ...]


@dataclass(frozen=True)
class Audit:
    """What is wrong, and what became of the messages of each kind."""

    findings: tuple[Finding, ...]
    reasons: dict[str, int]
    kinds: dict[str, dict[str, int]]


def audit(uri: str, kafka: Kafka, receipts: Receipts) -> Audit:
    """Every promise about the messages, checked on what is stored.

    Raises:
        TransientError: database or broker are away.
    """
    with transaction(uri) as connection:
        ledger = rows(connection, _LEDGER)
        letters = rows(connection, _LETTERS)
        events = rows(connection, _EVENTS)
    faults = {
        "messages and rows differ": _unequal(receipts, ledger),
        "another outcome than expected": _unexpected(receipts, ledger),
        "unknown reason": _unknown_reasons(ledger),
        "rejected rows and letters differ": _unlettered(ledger, letters),
        "letters and their topic differ": _unpublished(kafka, ledger, letters),
        "an event is not work once": (
            str(event["event_id"]) for event in events if event["working"] != 1 or event["wrong"]
        ),
        "the ledger does not balance": _unbalanced(uri, kafka, ledger),
    }
    found = [(name, list(cases)) for name, cases in faults.items()]
    by_kind: dict[str, Counter[str]] = {}
    for row in ledger:
        if receipt := receipts.delivered.get(_place(row)):
            by_kind.setdefault(receipt.kind, Counter())[_became(row)] += 1
    return Audit(
        tuple(Finding(name, len(cases), tuple(cases[:_EXAMPLES])) for name, cases in found if cases),
        dict(Counter(map(_became, ledger)).most_common()),
        {kind: dict(became.most_common()) for kind, became in sorted(by_kind.items())},
    )


def _place(row: dict[str, Any]) -> tuple[int, int]:
    return row["partition"], row["message_offset"]


def _became(row: dict[str, Any]) -> str:
    return row["reason"] or row["outcome"] or WORK


def _unequal(receipts: Receipts, ledger: list[dict[str, Any]]) -> Iterator[str]:
    """Receipts without exactly one row of the same bytes, and rows without receipt."""
    counted = Counter(map(_place, ledger))
    hashes = {_place(row): {row["payload_sha256"], row["stored_sha256"]} for row in ledger}
    for place, receipt in receipts.delivered.items():
        if counted[place] != 1 or hashes[place] != {receipt.sha256}:
            yield f"{receipt.kind} at {place}: {counted[place]} rows"
    yield from (f"row at {place} without receipt" for place in counted.keys() - receipts.delivered.keys())


def _unexpected(receipts: Receipts, ledger: list[dict[str, Any]]) -> Iterator[str]:
    """A message whose event was seen before may be a duplicate, or refused for it, in place of work."""
    for row in ledger:
        receipt, became = receipts.delivered.get(_place(row)), _became(row)
        if receipt is None or receipt.expected in (None, became):
            continue
        if receipt.expected != WORK or became not in ("event_id_seen", "event_id_reused"):
            yield f"{receipt.kind} at {_place(row)} became {became}"


def _unknown_reasons(ledger: list[dict[str, Any]]) -> Iterator[str]:
    for row in ledger:
        known = {None: {None}, "rejected": REASONS["rejected"], "duplicate": REASONS["duplicate"]}
        if row["reason"] not in known.get(row["outcome"], ()):
            yield f"{row['outcome']}: {row['reason']}"


def _unlettered(ledger: list[dict[str, Any]], letters: list[dict[str, Any]]) -> Iterator[str]:
    rejected = {row["message_id"]: row["reason"] for row in ledger if row["outcome"] == "rejected"}
    lettered = {letter["message_id"]: letter["reason"] for letter in letters}
    yield from (f"{message_id}: {reason}" for message_id, reason in rejected.items() ^ lettered.items())
    yield from (f"{letter['message_id']} has no detail" for letter in letters if not letter["detail"])


def _unpublished(kafka: Kafka, ledger: list[dict[str, Any]], letters: list[dict[str, Any]]) -> Iterator[str]:
    """Letters that the topic lacks, or holds with other bytes; it may hold one twice."""
    hashes = {str(row["message_id"]): row["payload_sha256"] for row in ledger}
    published: dict[str, str] = {}
    for record in _records(replace(kafka, topic=kafka.dead_letter_topic)):
        headers = {name: (value or b"").decode() for name, value in record.headers}
        published[headers["message_id"]] = headers["reason"]
        stored = headers.get("body_sha256") or sha256(record.value or b"").hexdigest()
        if stored != hashes.get(headers["message_id"]):
            yield f"{headers['message_id']}: other bytes"
    for letter in letters:
        if published.pop(str(letter["message_id"]), None) != letter["reason"] or not letter["is_published"]:
            yield f"{letter['message_id']}: not published"
    yield from (f"{message_id}: no such letter" for message_id in published)


def _records(topic: Kafka) -> Iterator[Record]:
    """Everything on a topic."""
    broker = Broker(topic)
    starts = {place: span.low for place, span in broker.spans(broker.describe().partitions).items()}
    with closing(Reader(topic, starts)) as reader:
        unread = set(starts)
        while unread:
            match reader.read(1.0):
                case Record() as record:
                    yield record
                case EndOfPartition(partition):
                    unread.discard(partition)


def _unbalanced(uri: str, kafka: Kafka, ledger: list[dict[str, Any]]) -> Iterator[str]:
    balance = ledger_balance(uri, kafka)
    working = sum(row["outcome"] is None for row in ledger)
    if not balance.balances or balance.unread or balance.stopped or balance.in_progress != working:
        yield str(balance)
