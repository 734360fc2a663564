"""How a run goes, while it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from benchmarks.fault_suite.faults import Hit
from datalake.adapters import postgres

_SHOWN_HITS = 6
_GLANCE = """
SELECT (SELECT count(*) FROM ledger) AS claimed, (SELECT count(outcome) FROM ledger) AS ended,
       (SELECT count(*) FROM dead_letters WHERE published_at IS NULL)
       + (SELECT count(*) FROM notifications WHERE state <> 'sent') AS outbox
"""
_IN_SILVER = """
SELECT count(*) AS videos FROM video_attempts JOIN ledger USING (message_id)
WHERE layer = 'silver' AND ended_at IS NULL AND outcome IS NULL
"""


@dataclass(frozen=True)
class Glance:
    """How far the messages are; `outbox` counts letters and mails that wait."""

    claimed: int
    ended: int
    outbox: int


def glance(uri: str) -> Glance:
    """Look once.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with postgres.transaction(uri) as connection:
        return Glance(**(postgres.row(connection, _GLANCE) or {}))


def in_silver(uri: str) -> int:
    """Unfinished videos that silver has begun and not ended.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with postgres.transaction(uri) as connection:
        videos: int = postgres.rows(connection, _IN_SILVER)[0]["videos"]
    return videos


class Watch:
    """Bars and the latest kills on a terminal; without one, a line a kill."""

    def __init__(self, console: Console, messages: int, kills: int) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._kills = self._bars.add_task("killed", total=kills)
        self._tasks = {
            name: self._bars.add_task(name, total=messages) for name in ("sent", "claimed", "ended")
        }
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._told = 0

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show as long as the block lasts."""
        if not self._console.is_terminal:
            yield
            return
        with self._live:
            yield

    def say(self, line: str) -> None:
        """One line that stays."""
        self._console.print(f"  {line}")

    def show(self, looked: Glance | None, sent: int, hits: Sequence[Hit], armed: str | None) -> None:
        """The state of things; `looked` is None while the database is away."""
        self._bars.update(self._kills, completed=len(hits))
        self._bars.update(self._tasks["sent"], completed=sent)
        if looked:
            self._bars.update(self._tasks["claimed"], completed=looked.claimed)
            self._bars.update(self._tasks["ended"], completed=looked.ended)
        if not self._console.is_terminal:
            for number, hit in enumerate(hits[self._told :], self._told + 1):
                seen = f"{looked.ended} ended" if looked else "no database"
                self.say(f"kill {number}: {hit.kind} ({hit.what[:80]}); {sent} sent, {seen}")
            self._told = len(hits)
            return
        lines = [Text(f"  {hit.kind:<22} {hit.what[:80]}", "dim") for hit in hits[-_SHOWN_HITS:]]
        if armed:
            lines.append(Text(f"  armed: {armed}", "yellow"))
        self._live.update(Group(self._bars, *lines))
