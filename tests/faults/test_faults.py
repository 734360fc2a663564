"""The fault suite, short: twenty processes of a whole stack are killed while messages are on their way."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.fault_suite.audit import audit
from benchmarks.fault_suite.experiment import Arguments, Experiment
from benchmarks.fault_suite.progress import Watch
from benchmarks.fault_suite.report import report, show

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

SHORT = Arguments(
    messages=60, repeats=0.3, poison=0.1, kills=20, seed=5, pace_s=2.0, drain_s=300.0, patience_s=15.0
)


def test_twenty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    console = Console(highlight=False, soft_wrap=True)
    watch = Watch(console, SHORT.sent, SHORT.kills)
    experiment = Experiment(SHORT, tmp_path, watch)
    facts = experiment.run()
    checks = audit(facts)
    show(console, report(experiment, facts, checks))
    assert [check for check in checks if not check.is_kept] == []
    assert len(facts.hits) >= SHORT.kills
    assert sum(hit.is_airflow for hit in facts.hits) >= 3
