"""Fuzzed messages end in the ledger, bad ones as dead letters too; `python -m benchmarks.fuzz` sends more."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.fuzz_suite import audit as judge
from benchmarks.fuzz_suite.delivery import deliver, make_topics
from benchmarks.fuzz_suite.drain import drain
from benchmarks.fuzz_suite.messages import Message, messages
from datalake.adapters.kafka import Kafka
from datalake.adapters.postgres import execute, transaction
from datalake.ingest.reasons import REASONS

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

MESSAGES, LARGE, DRAWN, SEED = 2000, 2, 120, 1


@pytest.fixture
def kafka(kafka_bootstrap: str) -> Kafka:
    name = f"fuzz-{uuid.uuid4().hex}"
    kafka = Kafka({"bootstrap.servers": kafka_bootstrap}, name, f"{name}.letters", name)
    make_topics(kafka)
    return kafka


def nothing(_: int) -> None:
    """No progress is shown."""


def test_fuzzed_messages_end_in_the_ledger_once_and_bad_ones_as_letters(
    postgres_uri: str, kafka: Kafka
) -> None:
    receipts = deliver(kafka, messages(MESSAGES, SEED, LARGE, DRAWN), nothing)
    assert receipts.refused == {}
    drained = drain(postgres_uri, kafka, nothing)
    found = judge.audit(postgres_uri, kafka, receipts)
    assert found.findings == ()
    assert drained.messages == len(receipts.delivered) == MESSAGES
    assert found.kinds["large"] == {"too_large": LARGE}
    never = set(REASONS["rejected"]) - set(found.reasons)
    assert never == {"unknown_field", "not_storable"}, "for strict topics and for what no test knows"


def few(count: int) -> Iterator[Message]:
    return messages(count, SEED, large=0, drawn=20)


def test_the_same_seed_gives_the_same_messages() -> None:
    assert list(few(200)) == list(few(200))


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM dead_letters", "rejected rows and letters differ"),
        ("UPDATE ledger SET payload = 'x' WHERE outcome IS NULL", "messages and rows differ"),
        ("UPDATE ledger SET reason = 'odd' WHERE outcome = 'rejected'", "unknown reason"),
        ("UPDATE ledger SET outcome = 'duplicate' WHERE outcome = 'rejected'", "unknown reason"),
        ("UPDATE dead_letters SET published_at = NULL", "letters and their topic differ"),
        ("UPDATE ledger SET outcome = 'done', finished_at = now()", "an event is not work once"),
    ],
)
def test_the_audit_finds_what_is_wrong(postgres_uri: str, kafka: Kafka, damage: str, found: str) -> None:
    receipts = deliver(kafka, few(100), nothing)
    drain(postgres_uri, kafka, nothing)
    assert judge.audit(postgres_uri, kafka, receipts).findings == ()
    with transaction(postgres_uri) as connection:
        execute(connection, damage)
    names = {finding.name for finding in judge.audit(postgres_uri, kafka, receipts).findings}
    assert found in names


def test_a_message_without_row_and_a_row_without_message_are_found(postgres_uri: str, kafka: Kafka) -> None:
    receipts = deliver(kafka, few(50), nothing)
    drain(postgres_uri, kafka, nothing)
    place, receipt = next(iter(receipts.delivered.items()))
    moved = replace(receipts, delivered={**receipts.delivered, (9, 9): receipt})
    del moved.delivered[place]
    (finding,) = judge.audit(postgres_uri, kafka, moved).findings
    assert (finding.name, finding.count) == ("messages and rows differ", 2)
