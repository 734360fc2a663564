"""The command line `datalake`. Commands live in `commands/`; nothing heavy is imported for `--help`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from datalake.errors import PipelineError
from datalake.serving.commands import cancel, dead_letters, ledger, offsets, reopening, search, stack
from datalake.serving.commands.output import messages

app = typer.Typer(
    name="datalake",
    help="Kafka in, searchable video out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(stack.up)
app.command()(stack.down)
app.command()(stack.status)
app.command()(search.search)
app.command()(ledger.ledger)
app.command()(reopening.retry)
app.command()(cancel.cancel)

letters = typer.Typer(no_args_is_help=True, help="Messages and videos that could not be processed.")
letters.command("list")(dead_letters.list_letters)
letters.command()(dead_letters.show)
letters.command()(reopening.replay)
letters.command()(dead_letters.drop)
app.add_typer(letters, name="dlq")

positions = typer.Typer(no_args_is_help=True, help="Partitions that lost messages and are not read.")
positions.callback()(lambda: None)  # keeps `accept` a word of its own while it is the only command
positions.command("accept")(offsets.accept)
app.add_typer(positions, name="offsets")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error of the pipeline is one line on stderr and exit code 1."""
    try:
        get_command(app)(list(sys.argv[1:] if arguments is None else arguments), prog_name="datalake")
    except PipelineError as error:
        messages().print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
