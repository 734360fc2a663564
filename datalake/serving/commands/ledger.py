"""`datalake ledger`: what became of every message."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datalake.serving.commands.output import print_json, print_table, progress

if TYPE_CHECKING:
    from datalake.ingest.ledger import LedgerBalance

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def ledger(as_json: Json = False) -> None:
    """Show the ledger's balance; exit code 1 when it does not balance.

    Example: datalake ledger --json
    """
    from datalake import settings
    from datalake.adapters.kafka import Kafka
    from datalake.factory import postgres_uri
    from datalake.ingest.ledger import ledger_balance

    config = settings.load()
    balance = ledger_balance(postgres_uri(config), Kafka.from_settings(config.kafka))
    if as_json:
        print_json({**asdict(balance), "accounted": balance.accounted, "balances": balance.balances})
    else:
        _print(balance)
    if not balance.balances:
        raise typer.Exit(1)


def _print(balance: LedgerBalance) -> None:
    rows = [("on the topic", balance.arrived), ("typed into the UI", balance.typed)]
    print_table(("in", "messages"), rows)
    rows = [("not read yet", balance.unread), ("in progress", balance.in_progress), *balance.outcomes.items()]
    print_table(("accounted for", "messages"), rows)
    for stopped in balance.stopped:
        progress(f"stopped: {stopped}")
    if balance.balances:
        progress(f"The ledger balances: {balance.accounted} messages.")
    else:
        missing = balance.arrived + balance.typed - balance.accounted
        progress(f"The ledger does NOT balance: {missing:+d} messages are unaccounted for.")
