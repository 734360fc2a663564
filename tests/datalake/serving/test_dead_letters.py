"""`datalake dlq` and `datalake retry` as a user meets them, on PostgreSQL."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from datalake.adapters.postgres import execute, row, rows, transaction
from datalake.adapters.postgres.catalog import PostgresCatalog
from datalake.contracts import Finding, Outcome
from datalake.ingest.batches import open_ui_batch, unfinished

from .conftest import Run

pytestmark = pytest.mark.postgres

EVIL = "hangs \x1b[31mred[/] here"
HUNG = Finding(code="decoder_hung", severity="error", evidence=EVIL, remedy="Re-encode the file.")
QUARANTINED = Outcome(kind="quarantined", reason="decoder_hung", detail=EVIL, findings=(HUNG,))
FAILED = Outcome(kind="failed", reason="code_error", detail="KeyError")
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def batch(postgres_uri: str) -> UUID:
    """Two videos that a decoder hung at, one that our code failed at, and a URI that is none."""
    typed = ["file:///v/a.mp4", "file:///v/b.mp4", "file:///v/c.mp4", "file:///v/\x00.mp4"]
    batch_id = open_ui_batch(postgres_uri, "run", typed)
    assert batch_id is not None
    end(postgres_uri, batch_id, "run", QUARANTINED, QUARANTINED, FAILED)
    return batch_id


def end(uri: str, batch_id: UUID, run_id: str, *outcomes: Outcome) -> None:
    catalog = PostgresCatalog(uri, lambda report: ())
    for claimed, outcome in zip(unfinished(uri, batch_id, 1, run_id), outcomes, strict=True):
        assert catalog.record_outcome(claimed, outcome)


@pytest.fixture
def datalake(run: Run, postgres_uri: str, batch: UUID) -> Command:
    return lambda *arguments: run(*arguments, PG_CONN_URI=postgres_uri)


def listed(datalake: Command, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(datalake("dlq", "list", "--json", *arguments).stdout)
    return found


def outcomes(uri: str) -> list[str | None]:
    with transaction(uri) as connection:
        return [
            one["outcome"] for one in rows(connection, "SELECT outcome FROM ledger ORDER BY message_offset")
        ]


def message_id(uri: str, offset: int) -> str:
    with transaction(uri) as connection:
        found = row(connection, "SELECT message_id FROM ledger WHERE message_offset = %s", (offset,))
    assert found is not None
    return str(found["message_id"])


def renamed(uri: str, offset: int, new_id: str) -> None:
    """Give a message and its letter an id that is known beforehand."""
    old_id = message_id(uri, offset)
    letter = "UPDATE dead_letters SET message_id = %s WHERE message_id = %s"
    with transaction(uri) as connection:
        execute(connection, "ALTER TABLE dead_letters DISABLE TRIGGER ALL")
        execute(connection, letter, (new_id, old_id))
        execute(connection, "UPDATE ledger SET message_id = %s WHERE message_id = %s", (new_id, old_id))
        execute(connection, "ALTER TABLE dead_letters ENABLE TRIGGER ALL")


def test_without_letters_it_says_so(run: Run, postgres_uri: str) -> None:
    assert "No dead letters." in run("dlq", "list", PG_CONN_URI=postgres_uri).stderr
    assert "No dead letters." in run("dlq", "replay", "--all", PG_CONN_URI=postgres_uri).stderr


def test_letters_are_listed_and_chosen(datalake: Command, postgres_uri: str, batch: UUID) -> None:
    with transaction(postgres_uri) as connection:
        age = "UPDATE dead_letters SET created_at = now() - interval '125 s' WHERE reason = 'code_error'"
        execute(connection, age)
    done = datalake("dlq", "list")
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines() if "ui" in line]
    assert lines[-1][:5] == [message_id(postgres_uri, 2)[:8], "failed", "code_error", "2", "min"]
    assert "hangs \\x1b[31mred[/] here" in done.stdout
    assert "ui[0] offset 3" in done.stdout, "a message that was not understood is named by its place"
    assert [one["reason"] for one in listed(datalake, "-n", "1", "--outcome", "rejected")] == ["nul"]
    assert [one["outcome"] for one in listed(datalake, "--reason", "decoder_hung")] == ["quarantined"] * 2


def test_all_about_a_message_is_shown(datalake: Command, postgres_uri: str) -> None:
    with transaction(postgres_uri) as connection:
        text = "payload = %s, message_key = %s"
        values = (b'{"uri": "\x1b]0;title\x07",\n"bad": "\xff"}' + b"x" * 5000, b"key")
        execute(connection, f"UPDATE ledger SET {text} WHERE message_offset = 0", values)
    done = datalake("dlq", "show", message_id(postgres_uri, 0)[:13])
    assert done.returncode == 0
    for words in ("decoder_hung", "Re-encode the file.", "ui[0] offset 0", "waits since", "source_offset"):
        assert words in done.stdout
    assert '{"uri": "\\x1b]0;title\\x07",\n"bad": "\\xff"}xxx' in done.stdout
    assert "5033 bytes in all" in done.stderr
    assert "\x1b" not in done.stdout
    shown = json.loads(datalake("dlq", "show", message_id(postgres_uri, 0), "--json", "--full").stdout)
    assert (shown["message_key"], shown["payload_bytes"], shown["is_whole"]) == ("key", 5033, True)
    assert shown["payload"].endswith('\\xff"}' + "x" * 5000)
    assert shown["headers"]["reason"] == "decoder_hung"


def test_earlier_outcomes_are_shown_also_without_a_letter(datalake: Command, postgres_uri: str) -> None:
    assert datalake("dlq", "replay", message_id(postgres_uri, 2)).returncode == 0
    done = datalake("dlq", "show", message_id(postgres_uri, 2))
    assert done.returncode == 0
    assert "in progress" in done.stdout
    assert "earlier outcomes" in done.stdout
    assert "KeyError" in done.stdout


def test_a_name_that_fits_none_or_several_is_one_line(datalake: Command, postgres_uri: str) -> None:
    first, second = "abcd0000-0000-5000-8000-000000000000", "abcd0000-0000-5000-8000-000000000001"
    renamed(postgres_uri, 0, first)
    renamed(postgres_uri, 1, second)
    for name, words in {
        "abcd": f"ambiguous, it may be {first}, {second}",
        "abc": "at least its first 4 hex digits",
        "xyz0": "is no message id",
        "ffffffff": "no message in the ledger",
    }.items():
        done = datalake("dlq", "replay", name)
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    with transaction(postgres_uri) as connection:
        execute(connection, "DELETE FROM dead_letters WHERE message_id = %s", (second,))
    assert first in datalake("dlq", "show", "abcd").stdout, "one with a letter comes first"


def test_a_replayed_letter_is_gone_until_it_fails_again(datalake: Command, postgres_uri: str) -> None:
    name = message_id(postgres_uri, 2)[:8]
    done = datalake("dlq", "replay", name, name, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["messages"] == [{"outcome": "failed", "reason": "code_error", "messages": 1}]
    [batch_id] = told["batches"]
    assert outcomes(postgres_uri) == ["quarantined", "quarantined", None, "rejected"]
    assert listed(datalake, "--reason", "code_error") == []
    again = datalake("dlq", "replay", name)
    assert (again.returncode, "in progress" in again.stdout) == (1, True)
    end(postgres_uri, UUID(batch_id), f"{batch_id}-1", FAILED)
    assert len(listed(datalake, "--reason", "code_error")) == 1


def test_all_are_replayed_but_what_is_still_unreadable(datalake: Command, postgres_uri: str) -> None:
    done = datalake("dlq", "replay", "--all")
    assert done.returncode == 0
    assert "still rejected: nul" in done.stdout
    assert "kafka_consumer starts them" in done.stderr
    assert outcomes(postgres_uri) == [None, None, None, "rejected"]
    assert [one["reason"] for one in listed(datalake)] == ["nul"]


@pytest.mark.parametrize("arguments", [(), ("--all", "--reason", "nul"), ("abcd", "--all")])
def test_what_to_replay_or_drop_is_said_in_one_way(datalake: Command, arguments: tuple[str, ...]) -> None:
    for command in ("replay", "drop"):
        done = datalake("dlq", command, *arguments)
        assert done.returncode == 2
        assert "--reason CODE, or --all" in done.stderr


def test_a_dropped_letter_is_not_listed_and_nothing_else_changes(
    datalake: Command, postgres_uri: str
) -> None:
    asked = datalake("dlq", "drop", "--reason", "decoder_hung")
    assert (asked.returncode, "Drop 2 dead letters?" in asked.stderr) == (1, True)
    assert len(listed(datalake)) == 4
    assert datalake("dlq", "drop", "--reason", "decoder_hung", "--yes").returncode == 0
    assert sorted(one["reason"] for one in listed(datalake)) == ["code_error", "nul"]
    assert outcomes(postgres_uri) == ["quarantined", "quarantined", "failed", "rejected"]
    again = datalake("dlq", "drop", message_id(postgres_uri, 0), "--yes")
    assert (again.returncode, "0 dead letters are dropped" in again.stderr) == (1, True)
    assert datalake("retry", "--class", "decoder_hung").returncode == 0
    assert outcomes(postgres_uri) == [None, None, "failed", "rejected"]


def test_a_class_is_counted_then_retried(datalake: Command, postgres_uri: str) -> None:
    unknown = datalake("retry", "--class", "typo")
    assert unknown.returncode == 1
    assert "decoder_hung (2), code_error (1), nul (1)" in unknown.stderr
    counted = datalake("retry", "--class", "quarantined", "--dry-run", "--json")
    two = [{"outcome": "quarantined", "reason": "decoder_hung", "messages": 2}]
    assert json.loads(counted.stdout) == {"messages": two, "left": {}, "batches": {}}
    assert outcomes(postgres_uri) == ["quarantined", "quarantined", "failed", "rejected"]
    with transaction(postgres_uri) as connection:
        execute(connection, "UPDATE ledger SET finished_at = now() - interval '2 h' WHERE message_offset < 2")
    late = datalake("retry", "--class", "decoder_hung", "--since", "1")
    assert (late.returncode, "in this time" in late.stderr) == (0, True)
    done = datalake("retry", "--class", "decoder_hung", "--since", "3", "--force")
    assert (done.returncode, "new batch" in done.stdout) == (0, True)
    assert outcomes(postgres_uri) == [None, None, "failed", "rejected"]
