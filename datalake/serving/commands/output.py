"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from datalake.adapters.ports import Alert

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FILE_WIDTH = 300


def results() -> Console:
    """Stdout; wide enough for paths where no terminal says how wide it is."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)


def messages() -> Console:
    """Stderr."""
    return Console(stderr=True, highlight=False)


def progress(line: str) -> None:
    """One line of progress, on stderr."""
    messages().print(Text(line))


def printable(value: Any) -> str:
    """The value as text in which a terminal finds no orders: control characters escaped, line ends kept."""
    return "".join(
        repr(char)[1:-1] if unicodedata.category(char).startswith("C") and char != "\n" else char
        for char in str(value)
    )


def print_json(value: Any) -> None:
    """JSON on stdout, never wrapped or coloured."""
    results().out(json.dumps(value, indent=2, default=str), highlight=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """A table on stdout; cells are text, whatever they contain."""
    table = Table(*map(escape, columns), title=title, title_justify="left", box=SIMPLE_HEAD)
    for cells in rows:
        table.add_row(*(Text("" if cell is None else printable(cell), overflow="fold") for cell in cells))
    results().print(table)


def print_fields(values: Mapping[str, Any]) -> None:
    """Names and values, one pair a line."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        results().print(Text(f"{name:<{width}}  {printable(value)}"))


def print_alerts(alerts: Sequence[Alert]) -> None:
    """What a person has to look at, one line each, on stderr."""
    for alert in alerts:
        progress(f"ALERT since {alert.raised_at:%Y-%m-%d %H:%M:%S}: {alert.subject}: {alert.detail}")
