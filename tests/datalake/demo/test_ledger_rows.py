from __future__ import annotations

import pytest

from datalake.demo.ledger_rows import counts, progress
from datalake.errors import DatabaseUnavailable

from .conftest import Ledger, a_message

pytestmark = pytest.mark.postgres
GOOD, BAD = a_message("good"), a_message("bad", "quarantined")


def test_only_our_messages_are_looked_at(ledger: Ledger) -> None:
    ledger.claimed(a_message("somebody else's"))
    ledger.claimed(GOOD, ledger.batch("run-1"))
    looked = progress(ledger.uri, [GOOD, BAD])
    assert set(looked.states) == {GOOD.sha256}
    state = looked.states[GOOD.sha256]
    assert (state.outcome, state.finished_at, state.run_id, state.has_letter) == (None, None, "run-1", False)
    assert (looked.sent, looked.finished, looked.is_complete) == (2, 0, False)


def test_complete_is_ended_and_published_and_sent(ledger: Ledger) -> None:
    batch_id = ledger.batch()
    good, bad = ledger.claimed(GOOD, batch_id), ledger.claimed(BAD, batch_id)
    ledger.ended(good, "done")
    ledger.ended(bad, "quarantined", "truncated")
    ledger.letter(bad)
    ledger.mail(batch_id)
    looked = progress(ledger.uri, [GOOD, BAD])
    assert (looked.finished, looked.unpublished_letters, looked.unsent_mails) == (2, 1, 1)
    assert not looked.is_complete
    ledger.execute("UPDATE notifications SET state = 'sent'")
    assert not progress(ledger.uri, [GOOD, BAD]).is_complete
    ledger.execute("UPDATE notifications SET state = 'pending'")
    ledger.execute("UPDATE dead_letters SET published_at = now()")
    assert not progress(ledger.uri, [GOOD, BAD]).is_complete
    ledger.execute("UPDATE notifications SET state = 'sent'")
    looked = progress(ledger.uri, [GOOD, BAD])
    assert looked.is_complete
    assert looked.states[BAD.sha256].reason == "truncated"


def test_mails_of_other_batches_are_not_waited_for(ledger: Ledger) -> None:
    ledger.mail(ledger.batch("another"))
    ledger.ended(ledger.claimed(GOOD), "done")
    assert progress(ledger.uri, [GOOD]).is_complete


def test_counts_name_the_tables_a_user_asks_about(ledger: Ledger) -> None:
    batch_id = ledger.batch()
    ledger.letter(ledger.claimed(BAD, batch_id))
    ledger.mail(batch_id)
    empty = {"videos": 0, "assets": 0, "frames": 0, "kept frames": 0}
    assert dict(counts(ledger.uri)) == {**empty, "dead letters": 1, "mails": 1}


def test_a_database_that_is_away_is_said() -> None:
    with pytest.raises(DatabaseUnavailable):
        progress("postgresql://127.0.0.1:1/none", [GOOD])
