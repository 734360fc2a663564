"""`datalake ledger`: what became of every message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from datalake.serving.commands.output import Json, print_alerts, print_fields, print_json, progress

if TYPE_CHECKING:
    from datalake.adapters.ports import Alert
    from datalake.ingest.batch_balance import BatchBalance
    from datalake.ingest.ledger import LedgerBalance


def ledger(
    batches: Annotated[int, typer.Option(min=0, metavar="N", help="Also the newest N batches.")] = 0,
    batch: Annotated[UUID | None, typer.Option(metavar="ID", help="Also this batch.")] = None,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Wait until nothing is under way.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Show where every message is; exit code 1 when something shown does not balance.

    With --wait it is also 1 when messages are still under way at the end.

    Example: datalake ledger --batches 5 --wait 60
    """
    from datalake import settings
    from datalake.adapters.kafka import Kafka
    from datalake.factory import postgres_uri
    from datalake.ingest.alerts import open_alerts
    from datalake.ingest.batch_balance import newest_batches, one_batch
    from datalake.ingest.ledger import ledger_balance, settled_balance

    config = settings.load()
    uri, kafka = postgres_uri(config), Kafka.from_settings(config.kafka)
    balance = settled_balance(lambda: ledger_balance(uri, kafka), wait, progress)
    shown = [one_batch(uri, batch)] if batch else []
    shown += newest_batches(uri, batches) if batches else []
    if as_json:
        print_json(_document(balance, shown, open_alerts(uri)))
    else:
        _print(balance, shown)
        print_alerts(open_alerts(uri))
        if wait and not balance.is_settled:
            progress(f"Not settled after {wait:g} s.")
    is_good = balance.balances and all(one.balances for one in shown)
    if not is_good or (wait and not balance.is_settled):
        raise typer.Exit(1)


def _document(
    balance: LedgerBalance, batches: Sequence[BatchBalance], alerts: Sequence[Alert]
) -> dict[str, Any]:
    total = {name: getattr(balance, name) for name in ("accounted", "balances", "is_settled", "equation")}
    lines = [{**asdict(batch), "equation": batch.equation} for batch in batches]
    return {**asdict(balance), **total, "batches": lines, "alerts": [asdict(alert) for alert in alerts]}


def _print(balance: LedgerBalance, batches: Sequence[BatchBalance]) -> None:
    """One equation a line, and the verdict."""
    lines = {f"{batch.created_at:%Y-%m-%d %H:%M:%S} {batch.batch_id}": batch.equation for batch in batches}
    print_fields({"total": balance.equation, **lines})
    for batch in batches:
        if not batch.balances:
            progress(f"Batch {batch.batch_id} does NOT balance.")
    if balance.balances:
        progress(f"The ledger balances: {balance.accounted} messages.")
    else:
        missing = balance.arrived + balance.typed - balance.accounted
        progress(f"The ledger does NOT balance: {missing:+d} messages are unaccounted for.")
