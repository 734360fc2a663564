from __future__ import annotations

from benchmarks.fault_suite.faults import Hit
from benchmarks.fault_suite.redone import recovery_s


def test_recovery_is_the_time_to_the_next_claim_or_outcome() -> None:
    hits = [Hit(at, "kafka", "java", 1) for at in (10.0, 20.0, 50.0)]
    ledger = [{"received_at": 12.5, "finished_at": 40.0}, {"received_at": 9.0, "finished_at": None}]
    assert recovery_s(hits, ledger) == [2.5, 20.0, None]
