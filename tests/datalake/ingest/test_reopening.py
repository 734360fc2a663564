"""Ended messages are worked on again: on PostgreSQL, and where it matters from the broker on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from datalake.adapters.memory.runs import MemoryRuns
from datalake.adapters.postgres import reopening
from datalake.adapters.postgres.catalog import PostgresCatalog
from datalake.adapters.postgres.ledger import milliseconds
from datalake.adapters.postgres.reopening import Ending
from datalake.contracts import Finding, Outcome
from datalake.crash_points import FOLDER
from datalake.ingest.batches import DueRun, due_runs, has_due, open_ui_batch, unfinished
from datalake.ingest.dead_letters import publish_dead_letters
from datalake.ingest.reopening import Reopened, reopen

from .conftest import LIMITS

pytestmark = pytest.mark.postgres

HUNG = Finding(code="decoder_hung", severity="error", evidence="61 s", remedy="Re-encode the file.")
QUARANTINED = Outcome(kind="quarantined", reason="decoder_hung", detail="hangs", findings=(HUNG,))
FAILED = Outcome(kind="failed", reason="code_error", detail="KeyError")
STRICT = replace(LIMITS, strict=True)
REOPEN = """
import sys
from datalake.adapters.postgres.reopening import endings_of_class
from datalake.ingest.reading import Limits
from datalake.ingest.reopening import reopen

list(reopen(sys.argv[1], endings_of_class(sys.argv[1], "quarantined"), Limits(1, 10**8, 10**6, False)))
"""


def message(event_id: object = None, **fields: object) -> bytes:
    named = {"event_id": str(event_id or uuid.uuid4()), "video_id": "C1", "uri": "file:///v/a.mp4"}
    return json.dumps(named | fields).encode()


def end(ledger, batch_id: uuid.UUID, *outcomes: Outcome, run: str | None = None) -> None:
    """Write outcomes as gold does, in the order of the messages."""
    catalog = PostgresCatalog(ledger.uri, lambda report: ())
    run_id = run or ledger.row("SELECT run_id FROM batches WHERE batch_id = %s", batch_id)["run_id"]
    for claimed, outcome in zip(unfinished(ledger.uri, batch_id, 1, run_id), outcomes, strict=False):
        assert catalog.record_outcome(claimed, outcome)


@pytest.fixture
def ended(ledger) -> uuid.UUID:
    """A batch of four typed URIs: two quarantined, one failed, one done."""
    batch_id = open_ui_batch(ledger.uri, "run", [f"file:///v/{name}.mp4" for name in "abcd"])
    end(ledger, batch_id, QUARANTINED, QUARANTINED, FAILED, Outcome(kind="done"))
    return batch_id


def retry(ledger, code: str, limits=LIMITS, is_forced: bool = False) -> list[Reopened]:
    return list(reopen(ledger.uri, reopening.endings_of_class(ledger.uri, code), limits, is_forced))


def test_exactly_those_of_the_class_are_reopened(ledger, ended) -> None:
    [done] = retry(ledger, "decoder_hung")
    assert [ending.outcome for ending in done.endings] == ["quarantined"] * 2
    assert done.left == Counter()
    assert ledger.outcomes() == [(None, None), (None, None), ("failed", "code_error"), ("done", None)]
    found = ledger.rows("SELECT batch_id, findings, detail, finished_at FROM ledger WHERE outcome IS NULL")
    assert found == [{"batch_id": done.batch_id, "findings": [], "detail": None, "finished_at": None}] * 2
    batch = ledger.row("SELECT source, attempt, run_id FROM batches WHERE batch_id = %s", done.batch_id)
    assert batch == {"source": "replay", "attempt": 1, "run_id": f"{done.batch_id}-1"}


def test_the_earlier_outcome_is_kept_as_it_was(ledger, ended) -> None:
    retry(ledger, "quarantined")
    [earlier] = ledger.rows("SELECT history FROM ledger WHERE message_offset = 0")[0]["history"]
    finished_at = datetime.fromisoformat(earlier.pop("finished_at"))
    assert abs((datetime.now(UTC) - finished_at).total_seconds()) < 60
    assert earlier == {
        "outcome": "quarantined",
        "reason": "decoder_hung",
        "detail": "hangs",
        "findings": [HUNG.model_dump(mode="json")],
        "batch_id": str(ended),
        "letter_published_at": None,
    }


def test_done_and_duplicate_are_never_reopened(ledger, ended) -> None:
    ledger.execute("UPDATE ledger SET outcome = 'duplicate', reason = 'unchanged' WHERE message_offset = 2")
    everything = [
        Ending(**row) for row in ledger.rows("SELECT message_id, outcome, reason, finished_at FROM ledger")
    ]
    [done] = reopen(ledger.uri, everything, LIMITS)
    assert done.left == Counter(done=1, duplicate=1)
    for code in ("done", "duplicate", "unchanged"):
        assert reopening.endings_of_class(ledger.uri, code) == []


def test_a_message_in_progress_or_unknown_is_left(ledger, ended) -> None:
    chosen = reopening.endings_of_class(ledger.uri, "code_error")
    list(reopen(ledger.uri, chosen, LIMITS))
    stranger = Ending(uuid.uuid4(), "failed", "code_error", None)
    [again] = reopen(ledger.uri, [*chosen, stranger], LIMITS)
    assert (again.batch_id, again.endings) == (None, ())
    assert again.left == Counter({"in progress": 1, "not in the ledger": 1})
    assert ledger.row("SELECT count(*) FROM batches WHERE source = 'replay'")["count"] == 1


def test_a_message_that_ended_anew_after_it_was_chosen_is_left(ledger, ended) -> None:
    chosen = reopening.endings_of_class(ledger.uri, "code_error")
    [done] = reopen(ledger.uri, chosen, LIMITS)
    end(ledger, done.batch_id, FAILED)
    [again] = reopen(ledger.uri, chosen, LIMITS)
    assert (again.batch_id, again.left) == (None, Counter({"ended anew in the meantime": 1}))


def test_of_many_at_once_one_reopens_each_message(ledger, ended) -> None:
    chosen = reopening.endings_of_class(ledger.uri, "quarantined")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: next(reopen(ledger.uri, chosen, LIMITS)), range(4)))
    assert sorted(len(done.endings) for done in found) == [0, 0, 0, 2]
    assert ledger.row("SELECT max(jsonb_array_length(history)) AS times FROM ledger") == {"times": 1}
    assert ledger.row("SELECT count(*) FROM batches WHERE source = 'replay'")["count"] == 1


def test_large_sets_become_several_batches(ledger, ended) -> None:
    done = retry(ledger, "quarantined", replace(LIMITS, messages=1))
    assert [len(one.endings) for one in done] == [1, 1]
    assert len({one.batch_id for one in done}) == 2


def test_only_what_ended_lately_is_chosen(ledger, ended) -> None:
    ledger.execute("UPDATE ledger SET finished_at = now() - interval '3 hours' WHERE message_offset = 0")
    assert len(reopening.endings_of_class(ledger.uri, "decoder_hung", since_h=2)) == 1
    assert len(reopening.endings_of_class(ledger.uri, "decoder_hung", since_h=4)) == 2


def test_the_next_cycle_starts_the_batch_and_gold_ends_it_again(ledger, ended) -> None:
    runs = MemoryRuns()
    assert not has_due(ledger.uri, runs, 2)
    [done] = retry(ledger, "code_error")
    assert has_due(ledger.uri, runs, 2)
    record_outcome = PostgresCatalog(ledger.uri, lambda report: ()).record_outcome
    run_id = f"{done.batch_id}-1"
    assert due_runs(ledger.uri, runs, 2, 3, record_outcome) == [DueRun(done.batch_id, 1, run_id)]
    letters = "SELECT d.reason FROM dead_letters d JOIN ledger USING (message_id) WHERE message_offset = 2"
    assert ledger.rows(letters) == []
    end(ledger, done.batch_id, QUARANTINED)
    assert ledger.rows(letters) == [{"reason": "decoder_hung"}]
    closed = ledger.row("SELECT finished_at IS NOT NULL AS is_closed FROM batches WHERE run_id = %s", run_id)
    assert closed["is_closed"]


def test_a_zombie_of_the_earlier_batch_writes_nothing(ledger, ended) -> None:
    ledger.execute("UPDATE ledger SET outcome = NULL, finished_at = NULL WHERE message_offset = 2")
    [zombie] = unfinished(ledger.uri, ended, 1, "run")
    end(ledger, ended, FAILED, run="run")
    retry(ledger, "code_error")
    assert not PostgresCatalog(ledger.uri, lambda report: ()).record_outcome(zombie, FAILED)


def test_the_run_that_the_form_started_still_finds_its_batch(ledger, ended) -> None:
    retry(ledger, "quarantined")
    typed = [f"file:///v/{name}.mp4" for name in "abcd"]
    assert open_ui_batch(ledger.uri, "run", typed) == ended
    ledger.execute("UPDATE batches SET run_id = 'moved on' WHERE batch_id = %s", ended)
    assert open_ui_batch(ledger.uri, "run", typed) == ended
    assert ledger.row("SELECT count(*) FROM ledger")["count"] == 4


@pytest.mark.parametrize("is_forced", [True, False])
def test_what_is_known_of_the_bytes_is_forgotten_on_demand_only(ledger, ended, is_forced: bool) -> None:
    ledger.execute("UPDATE ledger SET asset_id = CASE message_offset WHEN 0 THEN 'bad' ELSE 'other' END")
    known = "INSERT INTO known_content (asset_id, rules_hash, pipeline_version, findings) SELECT"
    ledger.execute(f"{known} asset_id, 'r', '2', '[]' FROM unnest(ARRAY['bad', 'else']) AS asset_id")
    attempts = "INSERT INTO video_attempts (message_id, layer, task_try, batch_id, attempt, is_alone) SELECT"
    ledger.execute(f"{attempts} message_id, 'silver', gen_random_uuid(), batch_id, 1, true FROM ledger")
    retry(ledger, "decoder_hung", is_forced=is_forced)
    left = {row["asset_id"] for row in ledger.rows("SELECT asset_id FROM known_content")}
    assert left == {"else"} if is_forced else {"bad", "else"}
    assert ledger.row("SELECT count(*) FROM video_attempts")["count"] == 2


def test_a_kill_leaves_whole_transactions_only(ledger, ended, tmp_path: Path) -> None:
    (tmp_path / "reopen.after_rows").touch()
    command = [sys.executable, "-c", REOPEN, ledger.uri]
    for code, open_count in ((-signal.SIGKILL, 0), (0, 2)):
        killed = subprocess.run(command, env={FOLDER: str(tmp_path)}, check=False, timeout=60)
        assert killed.returncode == code
        assert ledger.outcomes().count((None, None)) == open_count
    assert ledger.row("SELECT count(*) FROM batches WHERE source = 'replay'")["count"] == 2


@pytest.mark.kafka
def test_a_rejected_message_is_work_once_the_code_understands_it(pipeline) -> None:
    pipeline.send(b"bad", message(new_field=1), None)
    pipeline.claim(STRICT)
    publish_dead_letters(pipeline.uri, pipeline.kafka)
    [done] = retry(pipeline, "rejected")
    assert [ending.reason for ending in done.endings] == ["unknown_field"]
    assert done.left == Counter({"still rejected: not_json": 1, "still rejected: no_value": 1})
    assert pipeline.outcomes() == [("rejected", "not_json"), (None, None), ("rejected", "no_value")]
    row = pipeline.row("SELECT * FROM ledger WHERE outcome IS NULL")
    assert (row["platform"], row["video_id"]) == ("instagram", "C1")
    assert row["version"] == milliseconds(row["broker_timestamp"])
    assert row["history"][0]["letter_published_at"] is not None
    assert pipeline.row("SELECT event_id FROM events") == {"event_id": row["event_id"]}
    [claimed] = unfinished(pipeline.uri, done.batch_id, 1, f"{done.batch_id}-1")
    assert claimed.arrived.uri == "file:///v/a.mp4"
    end(pipeline, done.batch_id, FAILED)
    assert publish_dead_letters(pipeline.uri, pipeline.kafka).published == 1


@pytest.mark.kafka
@pytest.mark.parametrize(("same_bytes", "reason"), [(True, "event_id_seen"), (False, "event_id_reused")])
def test_an_event_of_another_message_stays_rejected(pipeline, same_bytes: bool, reason: str) -> None:
    event_id = uuid.uuid4()
    late = message(event_id, new_field=1)
    pipeline.send(late)
    pipeline.claim(STRICT)
    pipeline.send(late if same_bytes else message(event_id))
    pipeline.claim()
    before = pipeline.row("SELECT * FROM ledger WHERE message_offset = 0")
    [done] = retry(pipeline, "rejected")
    assert (done.batch_id, done.left) == (None, Counter({f"still rejected: {reason}": 1}))
    assert pipeline.row("SELECT * FROM ledger WHERE message_offset = 0") == before
    assert retry(pipeline, "unknown_field")[0].endings == ()


@pytest.mark.kafka
def test_a_record_that_the_database_refuses_stays_rejected(pipeline) -> None:
    pipeline.execute("ALTER TABLE ledger ADD CONSTRAINT picky CHECK (video_id <> 'C1')")
    pipeline.send(message(), message(video_id="C2"))
    claimed = pipeline.claim()
    assert pipeline.outcomes() == [("rejected", "not_storable"), (None, None)]
    end(pipeline, claimed.batch_id, FAILED)
    failed = [*retry(pipeline, "rejected"), *retry(pipeline, "failed")]
    assert [len(done.endings) for done in failed] == [0, 1]
    assert pipeline.row("SELECT count(*) FROM events")["count"] == 1
    pipeline.execute("ALTER TABLE ledger DROP CONSTRAINT picky")
    assert len(retry(pipeline, "not_storable")[0].endings) == 1
