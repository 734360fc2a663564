"""Proof that the fault suite can fail: a claim that loses messages, and the same audit on the real one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.fault_suite import audit
from benchmarks.fault_suite.facts import Facts, ledger_rows
from benchmarks.fault_suite.faults import Hit
from benchmarks.fault_suite.producer import ProducerProcess, Receipt
from benchmarks.fault_suite.traffic import Message, Traffic, plan
from datalake.adapters.kafka import Kafka
from datalake.adapters.postgres import transaction
from datalake.crash_points import FOLDER
from datalake.ingest.ledger import ledger_balance
from datalake.settings import PROJECT_ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SENT_BEFORE = 20
REAL_CLAIM = """
import json, sys
from datalake.adapters.kafka import Kafka
from datalake.ingest.claim import claim
from tests.faults.broken_claim import LIMITS

claim(sys.argv[1], Kafka(*json.loads(sys.argv[2])), LIMITS)
"""


class Claims:
    """A topic, a database, and a claim in a process of its own that may be killed at a named place."""

    def __init__(self, uri: str, kafka: Kafka, folder: Path) -> None:
        self.uri, self.kafka, self.folder = uri, kafka, folder
        self.receipts: list[Receipt] = []

    def send(self, messages: tuple[Message, ...]) -> None:
        receipts = self.folder / f"receipts-{len(self.receipts)}.jsonl"
        with ProducerProcess(receipts, self.folder / "producer.log") as producer:
            producer.send([(message.key, message.payload) for message in messages])
            producer.finish(60)
            self.receipts += producer.receipts()

    def run(self, command: list[str], armed: str | None = None) -> int:
        if armed:
            (self.folder / armed).touch()
        kafka = self.kafka
        where = json.dumps([dict(kafka.properties), kafka.topic, kafka.dead_letter_topic, kafka.group_id])
        environment = {**os.environ, FOLDER: str(self.folder)}
        call = [sys.executable, *command, self.uri, where]
        return subprocess.run(call, cwd=PROJECT_ROOT, env=environment, check=False, timeout=120).returncode

    def facts(self, traffic: Traffic) -> Facts:
        with transaction(self.uri) as connection:
            rows = ledger_rows(connection)
        kill = Hit(0.0, "crash point", "claim", 0)
        return Facts(traffic, self.receipts, [kill], ledger_balance(self.uri, self.kafka), rows)


@pytest.fixture
def claims(
    postgres_uri: str,
    kafka_bootstrap: str,
    make_kafka_topic: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Claims:
    kafka = Kafka({"bootstrap.servers": kafka_bootstrap}, make_kafka_topic(3), make_kafka_topic(1), "test")
    properties = tmp_path / "client.properties"
    properties.write_text(f"bootstrap.servers={kafka_bootstrap}\n", "utf-8")
    monkeypatch.setenv("KAFKA_CLIENT_PROPERTIES", str(properties))
    monkeypatch.setenv("KAFKA_TOPIC", kafka.topic)
    return Claims(postgres_uri, kafka, tmp_path)


@pytest.fixture
def traffic(tmp_path: Path) -> Traffic:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"never looked into")
    return plan(30, repeats=0.2, poison=0.1, chance=random.Random(1), clips=[clip], folder=tmp_path)


def killed_between(claims: Claims, traffic: Traffic, command: list[str], point: str) -> Facts:
    """Messages, a claim that is killed, more messages, a claim that is not."""
    claims.send(traffic.order[:SENT_BEFORE])
    assert claims.run(command, armed=point) == -signal.SIGKILL
    claims.send(traffic.order[SENT_BEFORE:])
    assert claims.run(command) == 0
    return claims.facts(traffic)


def test_offsets_before_the_ledger_lose_messages_and_the_audit_says_so(
    claims: Claims, traffic: Traffic
) -> None:
    broken = ["-m", "tests.faults.broken_claim"]
    facts = killed_between(claims, traffic, broken, "broken_claim.after_offsets")
    assert audit.unsent(facts).is_kept
    assert audit.lost(facts).faults == SENT_BEFORE
    assert not facts.balance.balances
    assert not audit.unbalanced(facts).is_kept


def test_the_real_claim_loses_nothing_at_the_same_place(claims: Claims, traffic: Traffic) -> None:
    facts = killed_between(claims, traffic, ["-c", REAL_CLAIM], "claim.after_offsets")
    assert audit.unsent(facts).is_kept
    assert audit.lost(facts).is_kept
    assert facts.balance.balances
    assert facts.balance.unread == 0
