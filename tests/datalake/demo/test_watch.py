from __future__ import annotations

import time
from datetime import timedelta
from threading import Timer

import pytest
from rich.console import Console

from datalake.demo.ledger_rows import Progress
from datalake.demo.watch import follow, outcomes

from .conftest import NOON, Ledger, a_message, a_state

MESSAGES = [a_message(name) for name in ("waiting", "working", "ended", "failed")]


def test_one_line_a_message(console: Console) -> None:
    ended = a_state("quarantined", "truncated", finished_at=NOON + timedelta(seconds=8.46))
    states = [None, a_state(None), ended, a_state("failed", "code_error")]
    found = {message.sha256: state for message, state in zip(MESSAGES, states, strict=True) if state}
    console.print(outcomes(MESSAGES, Progress(4, found, 0)))
    assert [line.split() for line in console.export_text().splitlines()] == [
        ["video", "outcome", "reason", "seconds"],
        ["waiting", "on", "the", "topic"],
        ["working", "in", "progress"],
        ["ended", "quarantined", "truncated", "8.5"],
        ["failed", "failed", "code_error", "0.0"],
    ]


@pytest.mark.postgres
def test_it_follows_until_all_have_ended(console: Console, ledger: Ledger) -> None:
    message = MESSAGES[0]
    message_id = ledger.claimed(message)
    end = Timer(0.6, ledger.ended, (message_id, "done"))
    end.start()
    start = time.monotonic()
    looked = follow(console, ledger.uri, [message], timeout_s=60)
    assert time.monotonic() - start < 30
    end.join()
    assert looked.is_complete
    assert looked.states[message.sha256].outcome == "done"
    assert "done" in console.export_text()


@pytest.mark.postgres
def test_it_gives_up_after_the_time_with_what_it_saw_last(console: Console, ledger: Ledger) -> None:
    ledger.claimed(MESSAGES[0])
    looked = follow(console, ledger.uri, MESSAGES[:2], timeout_s=0.5)
    assert not looked.is_complete
    assert (len(looked.states), looked.finished) == (1, 0)


def test_a_database_that_is_away_is_waited_for(console: Console) -> None:
    looked = follow(console, "postgresql://127.0.0.1:1/none", MESSAGES[:1], timeout_s=0.6)
    assert (looked.sent, looked.states, looked.is_complete) == (1, {}, False)
