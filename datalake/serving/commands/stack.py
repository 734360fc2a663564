"""`datalake up`, `down`, `status`: the stack on this machine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from datalake.errors import PipelineError, TransientError
from datalake.serving.commands.output import (
    Json,
    print_alerts,
    print_fields,
    print_json,
    print_table,
    progress,
)

if TYPE_CHECKING:
    from datalake.embedded.stack import StackState


def up() -> None:
    """Start the stack: Kafka, PostgreSQL, Qdrant, mail, Airflow.

    Example: datalake up
    """
    from datalake.embedded import stack

    _print_access(stack.up(progress))


def down() -> None:
    """Stop what `up` started; data stay in .embedded/.

    Example: datalake down
    """
    from datalake.embedded import stack

    stack.down(progress)


def status(as_json: Json = False) -> None:
    """Show the stack; exit code 1 when a part is not healthy.

    Example: datalake status --json
    """
    from datalake.embedded import stack

    parts = stack.status()
    if as_json:
        print_json([asdict(part) for part in parts])
    elif not parts:
        progress("The stack was never started here: run `datalake up`.")
    else:
        rows = [(part.name, part.state, part.health, part.port or "", part.note) for part in parts]
        print_table(("part", "state", "health", "port", "note"), rows)
        if restarted := [(part.name, part.restarts, part.last_restart) for part in parts if part.restarts]:
            print_table(("restarted by the watchdog", "times", "why and when the last time"), restarted)
        state = stack.read_state()
        if state and any(part.pid for part in parts):
            _print_access(state)
        if any(part.pid and part.name.startswith("airflow") for part in parts):
            _print_alerts()  # our tables are there before Airflow starts
            _print_waits()
    if not parts or any(part.health not in ("healthy", "-") for part in parts):
        raise typer.Exit(1)


def _print_alerts() -> None:
    """What a person has to look at; while the database is away, the table of parts says so."""
    from datalake import settings
    from datalake.factory import postgres_uri
    from datalake.ingest.alerts import open_alerts

    with suppress(TransientError):
        print_alerts(open_alerts(postgres_uri(settings.load())))


def _print_waits() -> None:
    """Why a stage stands still: all slots of its pool are taken."""
    from datalake.embedded.pool_waits import pool_waits

    with suppress(PipelineError):  # also where Airflow has a database of another kind
        for wait in pool_waits():
            progress(str(wait))


def _print_access(state: StackState) -> None:
    """Where to look, and how to log in."""
    print_fields(
        {
            "Airflow": state.airflow_url,
            "login": f"{state.airflow_user} / {state.airflow_password}",
            "mails": state.mails,
            "logs": state.logs,
        }
    )
