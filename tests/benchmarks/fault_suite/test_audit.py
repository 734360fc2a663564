"""Each promise, broken on purpose: the audit must say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.fault_suite.audit import Check, audit
from benchmarks.fault_suite.facts import Facts, Row
from benchmarks.fault_suite.faults import Hit
from benchmarks.fault_suite.producer import Receipt
from benchmarks.fault_suite.traffic import Traffic
from datalake.ingest.ledger import LedgerBalance

KILL = Hit(at=100.0, kind="task", what="a task", pid=1)


def receipts(traffic: Traffic) -> list[Receipt]:
    return [Receipt(message.sha256, 0, offset) for offset, message in enumerate(traffic.order)]


def ledger(traffic: Traffic) -> list[Row]:
    seen: Counter[str] = Counter()
    rows = []
    for offset, message in enumerate(traffic.order):
        outcome, reason = message.again if seen[message.sha256] else message.first
        seen[message.sha256] += 1
        where = {"partition": 0, "offset": offset, "sha256": message.sha256}
        times = {"received_at": 90.0, "finished_at": 120.0 + offset}
        rows.append({**where, **times, "outcome": outcome, "reason": reason, "video_id": message.video_id})
    return rows


def balanced(rows: list[Row]) -> LedgerBalance:
    outcomes = Counter(str(row["outcome"]) for row in rows)
    return LedgerBalance(arrived=len(rows), typed=0, unread=0, in_progress=0, outcomes=outcomes)


def attempt(message_id: str, started_at: float, got_through: bool, run_id: str = "b-1") -> Row:
    ended_at = started_at + 1 if got_through else None
    named = {"message_id": message_id, "layer": "silver", "task_try": f"at {started_at}", "run_id": run_id}
    return {**named, "started_at": started_at, "ended_at": ended_at, "got_through": got_through}


@pytest.fixture
def facts(traffic: Traffic) -> Facts:
    """Everything as it has to be; one kill, by which a mail was repeated and a video begun again."""
    rows = ledger(traffic)
    good = [message for message in traffic.messages if message.clip]
    bad = [row for row in rows if row["outcome"] in ("rejected", "quarantined")]
    points = {f"point-{message.video_id}": [f"faults/{message.video_id}"] for message in good}
    return Facts(
        traffic=traffic,
        receipts=receipts(traffic),
        hits=[KILL],
        balance=balanced(rows),
        ledger=rows,
        videos=[{"video_id": one.video_id, "asset_id": one.video_id, "frames": 3, "kept": 2} for one in good],
        wanted_points=points,
        points=list(points.items()),
        letters=[{"sha256": row["sha256"], "reason": row["reason"], "is_published": True} for row in bad],
        topic_letters=Counter(row["sha256"] for row in bad),
        mails=[{"message_id": "<1>", "state": "sent", "attempts": 2}],
        delivered_mails={"<1>": [99.0, 105.0]},
        attempts=[attempt("a", 95.0, False), attempt("a", 110.0, True), attempt("b", 110.0, True)],
        drained_s=30.0,
    )


def broken(facts: Facts) -> dict[str, Check]:
    return {check.name: check for check in audit(facts) if not check.is_kept}


def test_a_run_without_faults_keeps_every_promise(facts: Facts) -> None:
    assert broken(facts) == {}


def test_a_message_without_its_row_is_lost(facts: Facts) -> None:
    found = broken(replace(facts, ledger=facts.ledger[1:], balance=balanced(list(facts.ledger[1:]))))
    assert found["lost"].faults == 1
    assert "offset 0" in found["lost"].examples[0]


def test_a_row_with_other_bytes_or_twice_is_no_proof(facts: Facts) -> None:
    changed = [{**facts.ledger[0], "sha256": "0" * 64}, *facts.ledger[1:]]
    assert broken(replace(facts, ledger=changed))["lost"].faults == 1
    assert broken(replace(facts, ledger=[facts.ledger[0], *facts.ledger]))["lost"].faults == 1


def test_a_message_without_receipt_is_not_overlooked(facts: Facts) -> None:
    failed = replace(facts.receipts[0], error="timed out")
    assert broken(replace(facts, receipts=[failed, *facts.receipts[1:]]))["not delivered"].faults == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda balance: replace(balance, arrived=balance.arrived + 1),
        lambda balance: replace(balance, unread=1, arrived=balance.arrived + 1),
        lambda balance: replace(balance, in_progress=1, arrived=balance.arrived + 1),
        lambda balance: replace(balance, beyond=1),
        lambda balance: replace(balance, stopped=("partition 0: lost",)),
    ],
)
def test_a_ledger_that_does_not_close_is_seen(facts: Facts, change: Callable[..., LedgerBalance]) -> None:
    assert set(broken(replace(facts, balance=change(facts.balance)))) == {"unbalanced"}


def ended(facts: Facts, is_wanted: Callable[[Row], bool], outcome: str, reason: str | None) -> Facts:
    """The first such row ended otherwise."""
    rows = list(facts.ledger)
    number = next(number for number, row in enumerate(rows) if is_wanted(row))
    rows[number] = {**rows[number], "outcome": outcome, "reason": reason}
    return replace(facts, ledger=rows)


def test_a_good_video_that_is_quarantined_is_named(facts: Facts) -> None:
    found = broken(ended(facts, lambda row: row["outcome"] == "done", "quarantined", "decoder_died"))
    assert found["good video not done"].faults == 1
    assert "decoder_died" in found["good video not done"].examples[0]
    assert found["wrong outcome"].faults == 1


def test_a_repeat_that_is_done_again_is_seen(facts: Facts) -> None:
    assert (
        broken(ended(facts, lambda row: row["outcome"] == "duplicate", "done", None))["wrong outcome"].faults
        == 1
    )


def test_poison_that_gets_through_or_ends_for_another_reason_is_seen(facts: Facts) -> None:
    through = ended(facts, lambda row: row["outcome"] == "quarantined", "done", None)
    assert broken(through)["wrong outcome"].faults == 1
    other = ended(facts, lambda row: row["reason"] == "truncated", "quarantined", "decoder_died")
    assert broken(other)["wrong outcome"].faults == 1


def test_videos_and_frames_are_counted(facts: Facts) -> None:
    first, *rest = facts.videos
    assert broken(replace(facts, videos=rest))["wrong rows"].faults == 1
    assert broken(replace(facts, videos=[first, first, *rest]))["wrong rows"].faults == 1
    assert broken(replace(facts, videos=[{**first, "frames": 4}, *rest]))["wrong rows"].faults == 1
    assert broken(replace(facts, videos=[{**first, "video_id": "text-1"}, *rest]))["wrong rows"].faults >= 2


def test_points_are_exactly_the_kept_frames(facts: Facts) -> None:
    first, *rest = facts.points
    assert broken(replace(facts, points=rest))["wrong points"].faults == 1
    assert broken(replace(facts, points=[first, *facts.points]))["wrong points"].faults == 1
    assert broken(replace(facts, points=[*facts.points, ("another", [])]))["wrong points"].faults == 1
    assert broken(replace(facts, points=[(first[0], ["faults/other"]), *rest]))["wrong points"].faults == 1


def test_letters_are_there_once_and_published(facts: Facts) -> None:
    first, *rest = facts.letters
    assert broken(replace(facts, letters=rest))["wrong letters"].faults == 1
    assert broken(replace(facts, letters=[first, *facts.letters]))["wrong letters"].faults == 1
    assert (
        broken(replace(facts, letters=[{**first, "is_published": False}, *rest]))["wrong letters"].faults == 1
    )
    assert broken(replace(facts, topic_letters={}))["wrong letters"].faults > 0
    assert broken(replace(facts, topic_letters={**facts.topic_letters, "0": 1}))["wrong letters"].faults == 1


def test_the_topic_may_repeat_a_letter(facts: Facts) -> None:
    twice = {sha: 2 * count for sha, count in facts.topic_letters.items()}
    assert broken(replace(facts, topic_letters=twice)) == {}


def test_mails_arrive_and_repeat_only_for_a_kill(facts: Facts) -> None:
    assert broken(replace(facts, delivered_mails={}))["wrong mails"].faults == 1
    assert broken(replace(facts, delivered_mails={"<1>": [99.0], "<2>": [99.0]}))["wrong mails"].faults == 1
    assert broken(replace(facts, delivered_mails={"<1>": [150.0, 200.0]}))["wrong mails"].faults == 1
    assert broken(replace(facts, delivered_mails={"<1>": [99.0, 100.5, 101.0]}))["wrong mails"].faults == 1
    unsent = [{**facts.mails[0], "state": "pending"}]
    assert broken(replace(facts, mails=unsent))["wrong mails"].faults == 1


def test_work_is_redone_only_for_a_kill(facts: Facts) -> None:
    through = [attempt("a", 95.0, True), attempt("a", 110.0, True)]
    assert broken(replace(facts, attempts=through))["redone for no reason"].faults == 1
    in_the_next_run = [attempt("a", 95.0, True), attempt("a", 110.0, True, run_id="b-2")]
    assert broken(replace(facts, attempts=in_the_next_run)) == {}
    for_nothing = [attempt("a", 305.0, True), attempt("a", 310.0, True, run_id="b-2")]
    assert broken(replace(facts, attempts=for_nothing))["redone for no reason"].faults == 1
    overlapping = [attempt("a", 109.5, True), attempt("a", 110.0, True)]
    assert broken(replace(facts, attempts=overlapping)) == {}
    without_kill = [attempt("a", 305.0, False), attempt("a", 310.0, True)]
    assert broken(replace(facts, attempts=without_kill))["redone for no reason"].faults == 1


def test_a_process_that_died_over_more_videos_than_it_may_have_is_seen(facts: Facts) -> None:
    two = [attempt("a", 95.0, False), attempt("b", 95.0, False)]
    assert broken(replace(facts, attempts=two))["redone for no reason"].faults == 1
    assert broken(replace(facts, attempts=two, videos_at_once=2)) == {}


def test_a_run_that_never_ends_is_seen(facts: Facts) -> None:
    assert set(broken(replace(facts, drained_s=None))) == {"not drained"}
