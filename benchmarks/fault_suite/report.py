"""What a run found: JSON for machines, a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.fault_suite.audit import Check
from benchmarks.fault_suite.experiment import Experiment
from benchmarks.fault_suite.facts import Facts
from benchmarks.fault_suite.redone import recovery_s
from benchmarks.machine import machine


def report(experiment: Experiment, facts: Facts, checks: Sequence[Check]) -> dict[str, Any]:
    """Everything, as JSON values."""
    recovered = recovery_s(facts.hits, facts.ledger)
    known = [seconds for seconds in recovered if seconds is not None]
    return {
        "verdict": "kept" if all(check.is_kept for check in checks) else "broken",
        "machine": machine(),
        "arguments": asdict(experiment.arguments),
        "checks": [asdict(check) | {"is_kept": check.is_kept} for check in checks],
        "ledger": dict(facts.balance.outcomes) | {"in": facts.balance.arrived},
        "recovery_s": {"max": max(known, default=None), "median": round(median(known), 3) if known else None},
        "drained_s": facts.drained_s,
        "kills_by_kind": dict(Counter(hit.kind for hit in facts.hits).most_common()),
        "kills_in_airflow": sum(hit.is_airflow for hit in facts.hits),
        "kills": [
            asdict(hit) | {"at": _iso(hit.at), "recovered_s": seconds}
            for hit, seconds in zip(facts.hits, recovered, strict=True)
        ],
        "crash_points_not_reached": experiment.unreached,
        "schedule": [asdict(step) for step in experiment.steps],
    }


def show(console: Console, found: dict[str, Any]) -> None:
    """Checks, kills and the verdict."""
    checks = Table("promise", "found", "counted", box=None, pad_edge=False, padding=(0, 2))
    for check in found["checks"]:
        style = "green" if check["is_kept"] else "bold red"
        counted = ", ".join(f"{name} {value}" for name, value in check["numbers"].items())
        checks.add_row(f"[{style}]{check['name']}[/]", str(check["faults"]), counted)
        for example in check["examples"]:
            checks.add_row("", "", f"[red]{example}[/]")
    kills = ", ".join(f"{kind} {count}" for kind, count in found["kills_by_kind"].items())
    console.print(checks)
    console.print(f"\n{len(found['kills'])} kills, {found['kills_in_airflow']} of them in Airflow: {kills}")
    recovery = found["recovery_s"]
    console.print(
        f"went on after {recovery['median']} s (median), {recovery['max']} s at most; "
        f"drained {found['drained_s']} s after the last kill"
    )
    if found["verdict"] == "kept":
        console.print("[bold green]Every promise was kept.[/]")
    else:
        console.print("[bold red]A promise was broken.[/]")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
