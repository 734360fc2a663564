from __future__ import annotations

import uuid

import pytest

from datalake.errors import ConfigurationError
from datalake.ingest.batch_balance import newest_batches, one_batch
from datalake.ingest.batches import open_ui_batch

pytestmark = pytest.mark.postgres


def opened(ledger, run_id: str, *uris: str) -> uuid.UUID:
    batch_id = open_ui_batch(ledger.uri, run_id, uris)
    assert batch_id is not None
    return batch_id


def test_a_batch_that_is_not_there_is_said(ledger) -> None:
    with pytest.raises(ConfigurationError, match="there is no batch 00000000"):
        one_batch(ledger.uri, uuid.UUID(int=0))


def test_a_row_that_was_lost_shows(ledger) -> None:
    batch_id = opened(ledger, "manual__1", "file:///a.mp4", "file:///b.mp4", "\x00")
    found = one_batch(ledger.uri, batch_id)
    assert (found.messages, found.in_progress, found.outcomes["rejected"], found.balances) == (3, 2, 1, True)
    ledger.execute("DELETE FROM ledger WHERE message_offset = 1")
    lost = one_batch(ledger.uri, batch_id)
    assert not lost.balances
    assert lost.equation.startswith("in 3 ≠ done 0 + duplicate 0 + rejected 1 + ")
    assert lost.equation.endswith(" + in progress 1 + reopened 0")


def test_the_newest_come_first(ledger) -> None:
    batches = [opened(ledger, f"manual__{number}", "file:///a.mp4") for number in range(3)]
    assert [batch.batch_id for batch in newest_batches(ledger.uri, 2)] == [batches[2], batches[1]]
    assert newest_batches(ledger.uri, 2)[0].source == "ui"
