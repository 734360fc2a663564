"""`datalake dlq replay` and `datalake retry`: messages that ended are worked on again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from datalake.errors import ConfigurationError
from datalake.serving.commands.dead_letters import Everything, MessageIds, Reason, chosen
from datalake.serving.commands.output import Json, messages, print_json, print_table, progress

if TYPE_CHECKING:
    from datalake.adapters.postgres.reopening import Ending
    from datalake.ingest.reopening import Reopened

Force = Annotated[
    bool, typer.Option("--force", help="Look at the bytes again, also where this version found them bad.")
]


def replay(
    message_ids: MessageIds = None,
    reason: Reason = None,
    everything: Everything = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Try dead letters again, in batches of their own; exit code 1 when none can be.

    Example: datalake dlq replay 1f0c9a2e
    """
    from datalake import settings
    from datalake.factory import postgres_uri

    endings = chosen(postgres_uri(settings.load()), message_ids, reason, everything)
    if endings:
        _reopen(endings, force, as_json)
    else:
        progress("No dead letters.")
        _print(as_json, endings, Counter(), {})


def retry(
    code: Annotated[
        str,
        typer.Option(
            "--class", metavar="CODE", help="A reason, or rejected, quarantined, failed, cancelled."
        ),
    ],
    since_h: Annotated[
        float | None, typer.Option("--since", min=0, metavar="HOURS", help="Only what ended in these hours.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count them, change nothing.")] = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Try exactly those messages again that ended with this reason; dropped letters are among them.

    Example: datalake retry --class code_error --since 24 --dry-run
    """
    from datalake import settings
    from datalake.adapters.postgres.reopening import endings_of_class
    from datalake.factory import postgres_uri

    uri = postgres_uri(settings.load())
    endings = endings_of_class(uri, code, since_h)
    if not endings:
        _check_class(uri, code)
        progress(f"No message ended with {code} in this time.")
    if endings and not dry_run:
        _reopen(endings, force, as_json)
    else:
        _print(as_json, endings, Counter(), {})


def _check_class(uri: str, code: str) -> None:
    """Return if messages ended with this reason or outcome.

    Raises:
        ConfigurationError: none did; says which reasons there are.
    """
    from datalake.adapters.postgres.reopening import failure_classes

    known = failure_classes(uri)
    if not any(code in (one.reason, one.outcome) for one in known):
        there = ", ".join(f"{one.reason} ({one.messages})" for one in known) or "no message failed"
        raise ConfigurationError(f"no message ended with {code!r}; there are: {there}")


def _reopen(endings: Sequence[Ending], force: bool, as_json: bool) -> None:
    """Reopen with a progress bar; what is done is told also when the rest cannot be."""
    from rich.progress import Progress

    from datalake import settings
    from datalake.factory import postgres_uri
    from datalake.ingest.cycle import limits
    from datalake.ingest.reopening import reopen

    config = settings.load()
    done: list[Reopened] = []
    try:
        with Progress(console=messages(), transient=True) as bar:
            task = bar.add_task("Reopening", total=len(endings))
            for reopened in reopen(postgres_uri(config), endings, limits(config.kafka), force):
                done.append(reopened)
                bar.advance(task, len(reopened.endings) + reopened.left.total())
    finally:
        left = sum((one.left for one in done), Counter[str]())
        batches = {str(one.batch_id): len(one.endings) for one in done if one.batch_id}
        _print(as_json, [ending for one in done for ending in one.endings], left, batches)
    if not batches:
        raise typer.Exit(1)


def _print(as_json: bool, endings: Iterable[Ending], left: Counter[str], batches: dict[str, int]) -> None:
    """How many of each, in which batches, and why the others stay as they are."""
    counted = Counter((ending.outcome, ending.reason) for ending in endings)
    classes = [(outcome, reason, count) for (outcome, reason), count in counted.most_common()]
    if as_json:
        names = ("outcome", "reason", "messages")
        found = [dict(zip(names, one, strict=True)) for one in classes]
        print_json({"messages": found, "left": left, "batches": batches})
        return
    if classes:
        print_table(("outcome", "reason", "messages"), classes)
    if left:
        print_table(("left as they are", "messages"), left.most_common())
    if batches:
        print_table(("new batch", "messages"), batches.items())
        progress("kafka_consumer starts them in its next cycle.")
