"""Messages that a person cancels: ended at once, in one transaction, and told as every other outcome."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Sequence
from signal import SIGKILL

import pytest

from datalake.adapters.ports import BatchReport, Mail
from datalake.adapters.postgres.catalog import PostgresCatalog
from datalake.contracts import ClaimedVideo, Outcome
from datalake.crash_points import FOLDER
from datalake.errors import ConfigurationError
from datalake.ingest.batches import open_ui_batch, unfinished
from datalake.ingest.cancelling import cancel

pytestmark = pytest.mark.postgres

CANCEL = """
import sys
from datalake.ingest.cancelling import cancel
cancel(sys.argv[1], lambda report: (), sys.argv[2:])
"""


def no_mail(_: BatchReport) -> Sequence[Mail]:
    return ()


@pytest.fixture
def batch(ledger) -> uuid.UUID:
    opened = open_ui_batch(ledger.uri, "run", ["file:///v/a.mp4", "file:///v/b.mp4"])
    assert opened is not None
    return opened


@pytest.fixture
def claimed(ledger, batch: uuid.UUID) -> list[ClaimedVideo]:
    return unfinished(ledger.uri, batch, 1, "run")


def test_an_unknown_name_is_an_error_and_nothing_is_cancelled(ledger, batch) -> None:
    with pytest.raises(ConfigurationError, match="no message, batch or open video nobody, nothing"):
        cancel(ledger.uri, no_mail, [str(batch), "nobody", "nothing"])
    assert ledger.outcomes() == [(None, None)] * 2


def test_what_has_ended_stays_as_it_is(ledger, batch, claimed) -> None:
    cancel(ledger.uri, no_mail, [claimed[0].label])
    for name in (claimed[0].label, str(claimed[0].message_id).upper()):
        done = cancel(ledger.uri, no_mail, [name])
        assert (done.cancelled, done.ended) == ((), (f"{claimed[0].label} (cancelled)",))


@pytest.mark.parametrize("name", ["message", "video", "platform and video"])
def test_one_video_is_cancelled_by_any_of_its_names(ledger, batch, claimed, name: str) -> None:
    video = claimed[0]
    names = {
        "message": str(video.message_id),
        "video": video.arrived.video_id,
        "platform and video": video.label,
    }
    done = cancel(ledger.uri, no_mail, [names[name]])
    assert (done.cancelled, done.ended) == ((video.label,), ())
    assert ledger.outcomes() == [("cancelled", "cancelled"), (None, None)]
    assert ledger.row("SELECT finished_at FROM batches") == {"finished_at": None}
    assert ledger.rows("SELECT FROM dead_letters") == []


def test_the_last_message_of_a_batch_brings_its_mails(ledger, batch, claimed) -> None:
    reports: list[BatchReport] = []

    def compose(report: BatchReport) -> Sequence[Mail]:
        reports.append(report)
        return (Mail("<1@here>", "boss@example.org", "Videos", "text", "html"),)

    assert PostgresCatalog(ledger.uri, compose).record_outcome(claimed[0], Outcome(kind="done"))
    done = cancel(ledger.uri, compose, [str(batch)])
    assert done.ended == (f"{claimed[0].label} (done)",)
    assert ledger.outcomes() == [("done", None), ("cancelled", "cancelled")]
    assert [video.outcome.kind for video in reports[0].videos] == ["done", "cancelled"]
    assert len(ledger.rows("SELECT FROM notifications")) == 1


def test_what_a_task_finds_out_later_changes_nothing(ledger, batch, claimed) -> None:
    cancel(ledger.uri, no_mail, [str(batch)])
    catalog = PostgresCatalog(ledger.uri, no_mail)
    assert not catalog.record_outcome(claimed[0], Outcome(kind="done"))
    assert ledger.outcomes() == [("cancelled", "cancelled")] * 2


def test_a_kill_before_the_commit_cancels_nothing(ledger, batch, tmp_path) -> None:
    (tmp_path / "cancel.before_commit").touch()
    command = [sys.executable, "-c", CANCEL, ledger.uri, str(batch)]
    killed = subprocess.run(command, env={FOLDER: str(tmp_path)}, check=False, timeout=60)
    assert killed.returncode == -SIGKILL
    assert ledger.outcomes() == [(None, None)] * 2
    assert subprocess.run(command, env={FOLDER: str(tmp_path)}, check=False, timeout=60).returncode == 0
    assert ledger.outcomes() == [("cancelled", "cancelled")] * 2
