from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from datalake.adapters.memory.runs import MemoryRuns
from datalake.contracts import ClaimedVideo, Options, Outcome
from datalake.errors import UnfinishedBatch
from datalake.ingest import batches

pytestmark = pytest.mark.postgres
MAX_RUNS = 2


class Gold:
    """Writes outcomes the way gold does, and remembers them."""

    def __init__(self, ledger) -> None:
        self._ledger = ledger
        self.written: list[tuple[str, Outcome]] = []

    def __call__(self, claimed: ClaimedVideo, outcome: Outcome) -> bool:
        self.written.append((claimed.label, outcome))
        sql = "UPDATE ledger SET outcome = %s, reason = %s, finished_at = now() WHERE message_id = %s"
        return self._ledger.execute(sql, outcome.kind, outcome.reason, claimed.message_id) == 1


@pytest.fixture
def opened(ledger) -> uuid.UUID:
    """A batch of two videos, as the trigger form makes it."""
    return batches.open_ui_batch(ledger.uri, "manual__1", ["file:///v/a.mp4", "file:///v/b.mp4"])


def due(ledger, runs: MemoryRuns, max_code_errors: int = 3) -> list[batches.DueRun]:
    return batches.due_runs(ledger.uri, runs, MAX_RUNS, max_code_errors, Gold(ledger))


def later(ledger) -> None:
    """The back-off is over."""
    ledger.execute("UPDATE batches SET next_attempt_at = now()")


def test_typed_uris_become_rows_of_the_run(ledger, opened: uuid.UUID) -> None:
    claimed = batches.unfinished(ledger.uri, opened, 1, "manual__1")
    assert [video.arrived.uri for video in claimed] == ["file:///v/a.mp4", "file:///v/b.mp4"]
    assert [video.label.rpartition("-")[0] for video in claimed] == ["ui/a", "ui/b"]
    found = ledger.rows("SELECT cluster_id, topic_id, partition, message_offset FROM ledger ORDER BY 4")
    assert [tuple(row.values()) for row in found] == [("ui", "manual__1", 0, 0), ("ui", "manual__1", 0, 1)]


def test_typing_them_in_is_done_once(ledger, opened: uuid.UUID) -> None:
    again = batches.open_ui_batch(ledger.uri, "manual__1", ["file:///v/a.mp4", "file:///v/b.mp4"])
    assert again == opened
    assert ledger.row("SELECT count(*) FROM ledger")["count"] == 2


def test_a_run_that_is_cleared_after_its_batch_moved_on_finds_the_batch_and_nothing_to_do(
    ledger, opened: uuid.UUID
) -> None:
    runs = MemoryRuns()
    runs.states["manual__1"] = "ended"
    assert due(ledger, runs) == []  # on to attempt 2, under another run id
    again = batches.open_ui_batch(ledger.uri, "manual__1", ["file:///v/a.mp4", "file:///v/b.mp4"])
    assert again == opened
    assert batches.unfinished(ledger.uri, opened, 1, "manual__1") == []


def test_a_batch_that_cannot_go_on_holds_up_no_other(ledger, opened: uuid.UUID) -> None:
    batches.open_ui_batch(ledger.uri, "manual__2", ["file:///v/c.mp4"])
    ledger.execute("UPDATE ledger SET arrived = '{}' WHERE topic_id = 'manual__1'")
    ledger.execute("UPDATE batches SET code_errors = 3 WHERE batch_id = %s", opened)
    runs = MemoryRuns()
    runs.states["manual__1"] = "ended"
    assert [run.run_id for run in due(ledger, runs)] == ["manual__2"]


def test_typed_nonsense_is_rejected_among_good_ones(ledger) -> None:
    typed = ["", "  ", "file:///v/a\x00.mp4", "file:///v/ok.mp4", "http://[", "s3://\ud800", "x" * 5000]
    batch_id = batches.open_ui_batch(ledger.uri, "manual__1", typed, Options(interval_s=2))
    claimed = batches.unfinished(ledger.uri, batch_id, 1, "manual__1")
    assert [video.arrived.uri for video in claimed] == ["file:///v/ok.mp4", "http://["]
    assert claimed[0].arrived.options.interval_s == 2
    letters = ledger.rows("SELECT reason FROM dead_letters ORDER BY reason")
    assert [row["reason"] for row in letters] == ["invalid_field", "lone_surrogate", "nul"]


def test_nothing_typed_or_nothing_valid_is_no_work(ledger) -> None:
    assert batches.open_ui_batch(ledger.uri, "manual__1", ["", " "]) is None
    batch_id = batches.open_ui_batch(ledger.uri, "manual__2", ["\x00"])
    batches.assert_finished(ledger.uri, batch_id)
    assert ledger.row("SELECT finished_at FROM batches")["finished_at"] is not None
    assert due(ledger, MemoryRuns()) == []


def test_a_missing_run_is_triggered_under_the_same_id(ledger, opened: uuid.UUID) -> None:
    runs = MemoryRuns()
    assert batches.has_due(ledger.uri, runs, MAX_RUNS)
    expected = [batches.DueRun(opened, 1, "manual__1")]
    assert due(ledger, runs) == expected
    assert due(ledger, runs) == expected


def test_a_live_run_is_left_alone(ledger, opened: uuid.UUID) -> None:
    runs = MemoryRuns()
    runs.states["manual__1"] = "live"
    assert not batches.has_due(ledger.uri, runs, MAX_RUNS)
    assert due(ledger, runs) == []


@pytest.fixture
def replays(ledger) -> list[str]:
    """Run ids of three batches that a retry has opened, in their order."""
    names = [f"replay-{number}" for number in (1, 2, 3)]
    for age_h, name in zip((3, 2, 1), names, strict=True):
        batches.open_ui_batch(ledger.uri, name, [f"file:///v/{name}.mp4"])
        replay = "UPDATE batches SET source = 'replay', created_at = now() - make_interval(hours => %s)"
        ledger.execute(f"{replay} WHERE run_id = %s", age_h, name)
    return names


def test_replays_take_turns_oldest_first(ledger, replays: list[str]) -> None:
    runs = MemoryRuns()
    assert [run.run_id for run in due(ledger, runs)] == replays[:2]
    runs.states |= {replays[0]: "live", replays[1]: "live"}
    assert due(ledger, runs) == []
    assert not batches.has_due(ledger.uri, runs, MAX_RUNS)
    ledger.execute("UPDATE ledger SET outcome = 'done', finished_at = now() WHERE topic_id = %s", replays[0])
    runs.states[replays[0]] = "ended"
    assert batches.has_due(ledger.uri, runs, MAX_RUNS)
    assert [run.run_id for run in due(ledger, runs)] == replays[2:]


def test_what_is_new_goes_before_replays_and_waits_for_no_turn(
    ledger, replays: list[str], opened: uuid.UUID
) -> None:
    runs = MemoryRuns()
    assert [run.run_id for run in due(ledger, runs)] == ["manual__1", replays[0]]
    runs.states |= {"one": "live", "two": "live", "three": "live"}
    assert [run.run_id for run in due(ledger, runs)] == ["manual__1"]


def test_a_replay_whose_run_ended_waits_for_its_next_turn(ledger, replays: list[str]) -> None:
    runs = MemoryRuns()
    runs.states |= {replays[0]: "ended", replays[1]: "live", "other": "live"}
    assert due(ledger, runs) == []  # on to its second attempt
    later(ledger)
    assert not batches.has_due(ledger.uri, runs, MAX_RUNS)
    del runs.states["other"]
    assert [run.attempt for run in due(ledger, runs)] == [2]


def test_a_run_that_ended_early_gets_the_next_attempt_after_a_back_off(ledger, opened: uuid.UUID) -> None:
    runs = MemoryRuns()
    runs.states["manual__1"] = "ended"
    assert due(ledger, runs) == []
    batch = ledger.row("SELECT attempt, run_id, next_attempt_at - now() AS wait FROM batches")
    assert (batch["attempt"], batch["run_id"]) == (2, f"{opened}-2")
    assert timedelta(seconds=1) < batch["wait"] <= timedelta(seconds=batches.FIRST_DELAY_S)
    assert not batches.has_due(ledger.uri, runs, MAX_RUNS)
    later(ledger)
    assert due(ledger, runs) == [batches.DueRun(opened, 2, f"{opened}-2")]
    assert batches.unfinished(ledger.uri, opened, 1, "manual__1") == []
    assert len(batches.unfinished(ledger.uri, opened, 2, f"{opened}-2")) == 2


def test_ended_runs_without_code_errors_are_retried_without_limit(ledger, opened: uuid.UUID) -> None:
    runs = MemoryRuns()
    for _ in range(12):
        runs.states[ledger.row("SELECT run_id FROM batches")["run_id"]] = "ended"
        later(ledger)
        due(ledger, runs)
    assert ledger.row("SELECT attempt FROM batches")["attempt"] == 13


def test_code_errors_count_once_an_attempt_and_end_the_batch(ledger, opened: uuid.UUID) -> None:
    runs, gold = MemoryRuns(), Gold(ledger)
    for attempt in (1, 2, 3):
        batches.record_code_error(ledger.uri, opened, attempt, ValueError(f"bug\x00\ud800 {attempt}"))
        batches.record_code_error(ledger.uri, opened, attempt, "the same attempt again")
        runs.states[ledger.row("SELECT run_id FROM batches")["run_id"]] = "ended"
        later(ledger)
        batches.due_runs(ledger.uri, runs, MAX_RUNS, 3, gold)
    batch = ledger.row("SELECT * FROM batches")
    assert (batch["attempt"], batch["code_errors"], batch["last_error"]) == (3, 3, "ValueError: bug? 3")
    assert [outcome.reason for _, outcome in gold.written] == ["code_error"] * 2
    batches.assert_finished(ledger.uri, opened)


def test_an_error_of_a_former_attempt_does_not_count(ledger, opened: uuid.UUID) -> None:
    ledger.execute("UPDATE batches SET attempt = 2")
    batches.record_code_error(ledger.uri, opened, 1, "late")
    assert ledger.row("SELECT code_errors FROM batches")["code_errors"] == 0


def test_an_unfinished_batch_fails_its_run(ledger, opened: uuid.UUID) -> None:
    with pytest.raises(UnfinishedBatch, match="2 messages"):
        batches.assert_finished(ledger.uri, opened)
    ledger.execute("UPDATE ledger SET outcome = 'done', finished_at = now()")
    batches.assert_finished(ledger.uri, opened)
