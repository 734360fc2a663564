"""Gold's step; what it writes is seen in the tests of the tasks, with real servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalake.adapters.memory.catalog import MemoryCatalog
from datalake.steps.gold import gold_step
from tests.cases.product import arrived, settings


def test_a_video_that_did_not_pass_silver_is_an_error_of_our_code(tmp_path: Path) -> None:
    catalog = MemoryCatalog()
    video = arrived(tmp_path / "clip.mp4", "strict", {})
    catalog.add(video.claimed)
    with pytest.raises(AssertionError, match="did not pass"):
        gold_step(settings(tmp_path, {}), catalog)(video)
    assert catalog.outcome(video.claimed.message_id) is None
