"""Fuzzed messages through a real broker and `claim`: every one ends in the ledger, the bad ones as letters.

    python -m benchmarks.fuzz --messages 100000 --seed 1          everything (about 10 minutes)
    python -m benchmarks.fuzz --messages 5000 --seed 2            another seed; nothing is written
    python -m benchmarks.fuzz --messages 500 --large 5 --json /tmp/fuzz.json

NUL, NaN, lone surrogates, deep nesting, huge numbers, double keys, wrong types, broken bytes, repeated and
reused events, messages of 10 MB, without value, with keys, headers and times of every kind. What is stored is
compared with the broker's receipts. Kafka and PostgreSQL are started for the run and leave nothing behind.
The result of 100,000 messages or more is written to benchmarks/results/fuzz.json.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.fuzz_suite.audit import Audit, audit
from benchmarks.fuzz_suite.delivery import Receipts, deliver, make_topics
from benchmarks.fuzz_suite.drain import Drained, drain
from benchmarks.fuzz_suite.messages import messages
from benchmarks.machine import machine
from datalake.adapters.kafka import Kafka
from datalake.adapters.postgres import migrate
from datalake.embedded.kafka import KafkaServer
from datalake.embedded.postgres import PostgresServer
from datalake.embedded.process import free_port, free_ports

RESULTS = Path(__file__).parent / "results" / "fuzz.json"
_STANDARD = 100_000


def main(arguments: list[str] | None = None) -> int:
    """Run once; 0 when nothing was found, 1 when a message was lost, doubled or judged wrongly."""
    options = _parser().parse_args(arguments)
    console = Console()
    with _servers() as (uri, kafka):
        receipts, drained = _through_claim(uri, kafka, options, console)
        console.print("Comparing receipts, ledger and dead letters")
        found = audit(uri, kafka, receipts)
    result = _result(options, receipts, drained, found)
    _show(console, result, found)
    path = options.json or (RESULTS if options.messages >= _STANDARD else None)
    if path:
        path.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return int(bool(found.findings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--messages", type=int, default=_STANDARD, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides all of them (default: %(default)s)")
    parser.add_argument("--large", type=int, default=20, help="how many are of 10 MB (default: %(default)s)")
    parser.add_argument(
        "--examples", type=int, default=2000, help="drawn, then varied (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, help="write the result there")
    return parser


@contextmanager
def _servers() -> Iterator[tuple[str, Kafka]]:
    """A new database and a new broker; gives the database's URI and the topics, which exist."""
    port, controller_port = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # PostgreSQL may have to run as another user
        with (
            PostgresServer(home / "postgres" / "data", free_port(), secrets.token_hex(8)) as postgres,
            KafkaServer(home / "kafka" / "data", port, controller_port) as broker,
        ):
            uri = postgres.ensure_database("video_db")
            migrate(uri)
            kafka = Kafka(broker.client_properties(), "video.arrived", "video.dead-letter", "fuzz")
            make_topics(kafka)
            yield uri, kafka


def _through_claim(
    uri: str, kafka: Kafka, options: argparse.Namespace, console: Console
) -> tuple[Receipts, Drained]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        sending = bars.add_task("Sent", total=options.messages)
        claiming = bars.add_task("Claimed", total=options.messages)
        sent = messages(options.messages, options.seed, options.large, options.examples)
        receipts = deliver(kafka, sent, lambda count: bars.update(sending, completed=count))
        drained = drain(uri, kafka, lambda count: bars.update(claiming, completed=count))
    return receipts, drained


def _result(
    options: argparse.Namespace, receipts: Receipts, drained: Drained, found: Audit
) -> dict[str, Any]:
    """What is written: the machine, what was asked, the figures, what was found."""
    return {
        "machine": machine(),
        "asked": {name: getattr(options, name) for name in ("messages", "seed", "large", "examples")},
        "delivered": len(receipts.delivered),
        "refused_by_broker": dict(receipts.refused),
        "claims": drained.claims,
        "claimed": drained.messages,
        "claimed_per_s": round(drained.messages / drained.claim_s, 1),
        "outcomes": dict(drained.outcomes),
        "letters": drained.letters,
        "letters_per_s": round(drained.letters / drained.letters_s, 1) if drained.letters else 0,
        "findings": [vars(finding) for finding in found.findings],
        "reasons": found.reasons,
        "kinds": found.kinds,
    }


def _show(console: Console, result: dict[str, Any], found: Audit) -> None:
    table = Table("became", "messages", title="What became of the messages")
    for reason, count in result["reasons"].items():
        table.add_row(reason, f"{count:,}")
    console.print(table)
    console.print(
        f"{result['delivered']:,} delivered, {result['claimed']:,} claimed at {result['claimed_per_s']:,} a "
        f"second, {result['letters']:,} letters at {result['letters_per_s']:,} a second"
    )
    for finding in found.findings:
        console.print(f"[red]{finding.name}[/]: {finding.count}, for example {finding.cases}")
    console.print("[red]broken[/]" if found.findings else "nothing lost, nothing twice")


if __name__ == "__main__":
    sys.exit(main())
