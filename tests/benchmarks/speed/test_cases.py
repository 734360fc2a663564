from __future__ import annotations

from importlib import import_module

import pytest

from benchmarks.speed.cases import Case, cases
from benchmarks.speed.contenders import FUNCTIONS

ALL = list(cases().values())


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_every_contender_of_a_case_can_be_run(case: Case) -> None:
    for name in case.contenders:
        module, function = FUNCTIONS[name].split(".")
        assert callable(getattr(import_module(f"benchmarks.speed.{module}"), function))


def test_every_contender_is_measured_somewhere() -> None:
    assert {name for case in ALL for name in case.contenders} == FUNCTIONS.keys()


@pytest.mark.parametrize(
    "case", [case for case in ALL if case.counts and case.clips], ids=lambda case: case.name
)
def test_frames_are_as_many_as_the_clips_have(case: Case) -> None:
    interval_s = case.options.get("interval_s", 1.0)
    assert case.counts["frames"] == round(case.clips.video_s / interval_s)
