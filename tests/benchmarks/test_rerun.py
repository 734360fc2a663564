from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.rerun import AGAIN, FIRST, RERUN, measure

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


def test_a_finished_batch_decodes_nothing_and_uses_no_model_when_it_runs_again(tmp_path: Path) -> None:
    phases = measure(tmp_path, videos=10, seconds=2)
    first, rerun, again = phases[FIRST], phases[RERUN], phases[AGAIN]
    assert first.outcomes == rerun.outcomes == {"done": 9, "quarantined": 1}
    assert first.child_requests >= 10
    assert first.embedded > 0
    assert rerun.tasks == first.tasks
    assert (rerun.child_requests, rerun.embedded) == (0, 0)
    assert (again.child_requests, again.embedded) == (0, 0)
    assert again.outcomes == {"duplicate": 9, "quarantined": 1}
