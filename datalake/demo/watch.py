"""Live progress of the demo's messages, and the wait for their end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from datalake.demo.ledger_rows import MessageState, Progress, progress
from datalake.demo.messages import DemoMessage
from datalake.errors import DatabaseUnavailable

_POLL_S = 0.25
_STYLES = {"done": "green", "duplicate": "cyan", "quarantined": "yellow", "rejected": "yellow"}


def follow(console: Console, uri: str, sent: Sequence[DemoMessage], timeout_s: float) -> Progress:
    """Show the messages until all have ended, their letters are published and their mails sent.

    A database that is away for a while is waited for.

    Returns:
        The last look; not complete when the time was over.
    """
    bars = Bars(
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    read = bars.add_task("claimed from Kafka", total=len(sent))
    ended = bars.add_task("through bronze, silver, gold", total=len(sent))
    looked = Progress(len(sent), {}, 0)
    deadline = time.monotonic() + timeout_s
    with Live(console=console, refresh_per_second=8, transient=not console.is_terminal) as live:
        while not looked.is_complete and time.monotonic() < deadline:
            looked = _look(uri, sent, looked)
            bars.update(read, completed=len(looked.states))
            bars.update(ended, completed=looked.finished)
            live.update(Group(bars, outcomes(sent, looked)))
            time.sleep(0 if looked.is_complete else _POLL_S)
    if not console.is_terminal:
        console.print(outcomes(sent, looked))
    return looked


def outcomes(sent: Sequence[DemoMessage], looked: Progress) -> Table:
    """One line a message: how it ended, why, and how long it took."""
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("video", "outcome", "reason", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left")
    for message in sent:
        state = looked.states.get(message.sha256)
        table.add_row(message.video_id, *_cells(state))
    return table


def _cells(state: MessageState | None) -> tuple[str, str, str]:
    if state is None:
        return "[dim]on the topic[/]", "", ""
    if state.outcome is None or state.finished_at is None:
        return "[dim]in progress[/]", "", ""
    style = _STYLES.get(state.outcome, "red")
    took_s = (state.finished_at - state.received_at).total_seconds()
    return f"[{style}]{state.outcome}[/]", state.reason or "", f"{took_s:.1f}"


def _look(uri: str, sent: Sequence[DemoMessage], before: Progress) -> Progress:
    try:
        return progress(uri, sent)
    except DatabaseUnavailable:
        return before
