"""`datalake dlq list`, `show` and `drop`: messages and videos that could not be processed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from datalake.serving.commands.output import (
    Json,
    print_fields,
    print_json,
    print_table,
    printable,
    progress,
    results,
)

if TYPE_CHECKING:
    from datalake.adapters.postgres.reopening import Ending

_SHOWN_CHARS = 2000
MessageIds = Annotated[
    list[str] | None, typer.Argument(metavar="MESSAGE_ID", help="Their ids, or the beginnings of them.")
]
Reason = Annotated[str | None, typer.Option(metavar="CODE", help="All that are listed with this reason.")]
Everything = Annotated[bool, typer.Option("--all", help="All that are listed.")]


def list_letters(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most letters shown.")] = 20,
    reason: Annotated[str | None, typer.Option(metavar="CODE", help="Only those with this reason.")] = None,
    outcome: Annotated[
        Literal["quarantined", "rejected", "failed"] | None, typer.Option(help="Only those that ended so.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the newest dead letters; those that were dropped or are tried again are not among them.

    Example: datalake dlq list -n 50 --reason decoder_hung
    """
    from datalake import settings
    from datalake.adapters.postgres.letter_list import newest_letters
    from datalake.factory import postgres_uri
    from datalake.serving.clock import age

    uri = postgres_uri(settings.load())
    letters = newest_letters(uri, limit, reason, outcome)
    if as_json:
        print_json([asdict(letter) for letter in letters])
    elif not letters:
        progress("No dead letters.")
    else:
        rows = (
            (str(one.message_id)[:8], one.outcome, one.reason, age(one.age_s), one.video, one.detail)
            for one in letters
        )
        print_table(("id", "outcome", "reason", "age", "message", "detail"), rows)


def show(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="Its id, or the beginning of it.")],
    full: Annotated[bool, typer.Option("--full", help="All of the message, however long.")] = False,
    as_json: Json = False,
) -> None:
    """Show all that is known about one message: its letter, what was found, how it ended before, its bytes.

    Example: datalake dlq show 1f0c9a2e
    """
    from datalake import settings
    from datalake.adapters.postgres.letter_list import letter_and_message, named_ending
    from datalake.factory import postgres_uri
    from datalake.ingest.dead_letters import headers

    uri = postgres_uri(settings.load())
    letter, message = letter_and_message(uri, named_ending(uri, message_id).message_id)
    told = headers(letter, with_body=not message["without_body"]) if letter else {}
    payload, size_bytes = _text(message.pop("payload"))
    shown = payload if full or payload is None else payload[:_SHOWN_CHARS]
    message |= {"message_key": _text(message["message_key"])[0], "headers": told}
    message |= {"payload_bytes": size_bytes, "is_whole": shown == payload, "payload": shown}
    if as_json:
        print_json(message)
    else:
        _print(message)


def drop(
    message_ids: MessageIds = None,
    reason: Reason = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take letters off the list for good; the ledger keeps the messages and how they ended.

    Example: datalake dlq drop --reason not_json --yes
    """
    from datalake import settings
    from datalake.adapters.postgres.letter_list import drop_letters
    from datalake.factory import postgres_uri

    uri = postgres_uri(settings.load())
    endings = chosen(uri, message_ids, reason, everything)
    if endings and not yes:
        typer.confirm(f"Drop {len(endings)} dead letters?", abort=True, err=True)
    dropped = drop_letters(uri, [ending.message_id for ending in endings])
    progress(f"{dropped} dead letters are dropped; the other {len(endings) - dropped} were not listed.")
    if message_ids and dropped < len(endings):
        raise typer.Exit(1)


def chosen(uri: str, message_ids: list[str] | None, reason: str | None, everything: bool) -> list[Ending]:
    """The messages that a command is about, by exactly one of the three.

    Raises:
        typer.BadParameter: by none of them, or by several.
        ConfigurationError: a message is not there, or is ambiguous.
    """
    from datalake.adapters.postgres.letter_list import listed_endings, named_ending

    if [bool(message_ids), reason is not None, everything].count(True) != 1:
        raise typer.BadParameter("give either ids of messages, or --reason CODE, or --all")
    if message_ids:
        return list(
            {ending.message_id: ending for ending in (named_ending(uri, i) for i in message_ids)}.values()
        )
    return listed_endings(uri, reason)


def _text(value: bytes | None) -> tuple[str | None, int]:
    """The bytes as text, those that are not UTF-8 escaped, and how many they are."""
    return (None, 0) if value is None else (value.decode(errors="backslashreplace"), len(value))


def _print(message: dict[str, Any]) -> None:
    known = message["video_id"] is not None
    print_fields(
        {
            "message": message["message_id"],
            "video": f"{message['platform']}/{message['video_id']}" if known else "not understood",
            "came as": f"{message['topic']}[{message['partition']}] offset {message['message_offset']}",
            "topic id": f"{message['topic_id']} of cluster {message['cluster_id']}",
            "key": message["message_key"],
            "received": message["received_at"],
            "batch": message["batch_id"],
            "asset": message["asset_id"],
            "outcome": message["outcome"] or "in progress",
            "reason": message["reason"],
            "detail": message["detail"],
            "letter": _state(message),
        }
    )
    _print_records("headers of the letter", [message["headers"]], tuple(message["headers"]))
    _print_records("findings", message["findings"], ("code", "severity", "evidence", "remedy"))
    past = ("finished_at", "outcome", "reason", "detail", "batch_id", "letter_published_at")
    _print_records("earlier outcomes", message["history"], past)
    if message["payload"] is None:
        progress("The message has no value.")
        return
    results().print(printable(message["payload"]), soft_wrap=True, markup=False)
    if not message["is_whole"]:
        progress(f"... and more, {message['payload_bytes']} bytes in all: --full shows them")


def _state(message: dict[str, Any]) -> str:
    """What became of the letter."""
    if message["letter_written_at"] is None:
        return "none"
    state = f"waits since {message['letter_written_at']}"
    if message["letter_published_at"] is not None:
        state = f"published {message['letter_published_at']}"
        state += ", without the message's bytes" if message["without_body"] else ""
    elif message["last_error"] is not None:
        state += f", after {message['attempts']} tries: {message['last_error']}"
    return state if message["dropped_at"] is None else f"{state}; dropped {message['dropped_at']}"


def _print_records(title: str, records: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if any(records):
        rows = ([record.get(column) for column in columns] for record in records)
        print_table(columns, rows, title)
