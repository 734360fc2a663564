from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from datalake.contracts import SearchHit
from datalake.demo import report
from datalake.demo.ledger_rows import Progress
from datalake.demo.messages import QUERIES
from datalake.ingest.ledger import LedgerBalance

from .conftest import a_message, a_state

GOOD = a_message("good", "done", "duplicate")
BAD = a_message("bad", "quarantined", reason="truncated")


def unexpected(good, bad, unsent_mails: int = 0) -> list[str]:
    states = {message.sha256: state for message, state in ((GOOD, good), (BAD, bad)) if state}
    return report.unexpected([GOOD, BAD], Progress(2, states, unsent_mails))


@pytest.mark.parametrize("outcome", ["done", "duplicate"])
def test_the_expected_outcomes_are_no_fault(outcome: str) -> None:
    assert unexpected(a_state(outcome), a_state("quarantined", "truncated")) == []


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        (
            a_state("failed"),
            a_state("quarantined", "truncated"),
            "good: expected done or duplicate, is failed",
        ),
        (a_state(None), a_state("quarantined", "truncated"), "good: expected done or duplicate, is None"),
        (None, a_state("quarantined", "truncated"), "good: expected done or duplicate, is None"),
        (a_state("done"), a_state("done"), "bad: expected quarantined, is done"),
        (a_state("done"), a_state("quarantined", "not_a_video"), "bad: expected truncated, is not_a_video"),
    ],
)
def test_a_wrong_outcome_or_reason_is_a_fault(good, bad, fault: str) -> None:
    assert unexpected(good, bad) == [fault]


def test_letters_and_mails_that_wait_are_a_fault() -> None:
    waiting = a_state("quarantined", "truncated", has_letter=True)
    assert unexpected(a_state("done"), waiting) == ["1 letters and 0 mails still wait"]
    assert unexpected(a_state("done"), a_state("quarantined", "truncated"), unsent_mails=2) == [
        "0 letters and 2 mails still wait"
    ]


@pytest.mark.parametrize(
    ("balance", "line", "is_fault"),
    [
        (
            LedgerBalance(3, 1, 0, 0, {"quarantined": 1, "done": 3}),
            "4 arrived * = 3 done + 1 quarantined",
            False,
        ),
        (LedgerBalance(3, 0, 0, 0, {"done": 2}), "3 arrived * ≠ 2 done", True),
        (LedgerBalance(3, 0, 1, 1, {"done": 1}), "= 1 done + 1 in progress + 1 unread", True),
    ],
)
def test_the_balance_is_shown_and_judged(
    console: Console, balance: LedgerBalance, line: str, is_fault: bool
) -> None:
    assert bool(report.balance(console, balance)) == is_fault
    printed = console.export_text()
    assert all(part in printed for part in line.split("*"))


def test_counts_are_shown(console: Console) -> None:
    report.counts(console, {"videos": 3, "kept frames": 46}, 46)
    assert console.export_text().split("\n")[:2] == [
        "  PostgreSQL: videos 3, kept frames 46",
        "  Qdrant: points 46",
    ]


def hit(video_id: str) -> SearchHit:
    return SearchHit(
        score=0.5,
        platform="demo",
        video_id=video_id,
        asset_id="ab" * 32,
        settings_hash="0" * 16,
        time_s=2.0,
        frame_key="k",
        frame_uri="file:///k",
    )


def test_searches_name_the_best_frame_and_what_is_wrong(console: Console) -> None:
    found = {QUERIES[0].words: [hit(QUERIES[0].video_id)], QUERIES[1].words: [hit("another")]}
    assert report.searches(console, {QUERIES[2].words: [], **found}) == [
        f"“{QUERIES[1].words}” finds another first, not {QUERIES[1].video_id}",
        f"“{QUERIES[2].words}” finds nothing",
    ]
    assert f'"{QUERIES[0].words}": {QUERIES[0].video_id} at 2.0 s, score 0.50' in console.export_text()


def test_the_same_picture_under_two_ids_may_come_first_under_either(console: Console) -> None:
    found = {query.words: [hit("copy"), hit(query.video_id)] for query in QUERIES}
    assert report.searches(console, found) == []
    worse = hit(QUERIES[0].video_id).model_copy(update={"score": 0.4})
    assert report.searches(console, {**found, QUERIES[0].words: [hit("copy"), worse]}) != []


def test_the_newest_mail_is_shown(console: Console, tmp_path: Path) -> None:
    report.mail(console, tmp_path)
    for number, name in enumerate(("b.eml", "a.eml")):
        mail = EmailMessage()
        mail["To"], mail["Subject"] = "me@example.org", f"number {number}"
        (tmp_path / name).write_bytes(bytes(mail))
        os.utime(tmp_path / name, (number, number))
    report.mail(console, tmp_path)
    printed = console.export_text()
    assert printed.index("No mail here") < printed.index("E-mail to me@example.org: number 1")
    assert "number 0" not in printed


def test_dead_letters_must_be_there_for_what_must_not_get_through(console: Console) -> None:
    sent = [GOOD, BAD]
    assert report.dead_letters(console, {BAD.sha256: "truncated"}, sent) == []
    assert report.dead_letters(console, {BAD.sha256: "not_a_video"}, sent) == [
        "bad: its dead letter says not_a_video, not truncated"
    ]
    assert report.dead_letters(console, {}, sent) == ["bad: its dead letter says None, not truncated"]


def test_the_verdict_is_the_exit_code(console: Console) -> None:
    assert report.verdict(console, []) == 0
    assert report.verdict(console, ["one", "two"]) == 1
    printed = console.export_text()
    assert "✓ every message is accounted for" in printed
    assert "✗ one\n✗ two" in printed


def test_goodbye_says_where_to_go(console: Console) -> None:
    report.goodbye(
        console,
        SimpleNamespace(airflow_url="http://here:1", airflow_user="admin", airflow_password="pw"),
    )
    printed = console.export_text()
    assert "http://here:1   user admin, password pw" in printed
    assert "scripts/down" in printed
