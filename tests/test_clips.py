"""The encoders that make the tests' clips leave this process as it was."""

from __future__ import annotations

import os
from pathlib import Path

from tests.clips.recipe import Recipe
from tests.clips.writing import write


def test_no_encoder_makes_this_a_real_time_process(tmp_path: Path) -> None:
    before = os.sched_getscheduler(0)
    write(tmp_path / "clip.mp4", Recipe(codec="libsvtav1"))
    assert os.sched_getscheduler(0) == before
