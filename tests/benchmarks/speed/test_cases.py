from __future__ import annotations

from importlib import import_module

import pytest

from benchmarks.speed.cases import Case, Clips, cases
from benchmarks.speed.contenders import FUNCTIONS, is_limit, measured

ALL = list(cases().values())
OURS_WITHOUT_A_MODEL = ("silver without a model", "frames", "25 times as many")
OTHERS_WITHOUT_A_MODEL = ("one pass", "ffmpeg to JPEG", "limit: decoding", "limit: pictures")


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_every_contender_of_a_case_can_be_run(case: Case) -> None:
    for name in case.contenders:
        module, function = FUNCTIONS[name].split(".")
        assert callable(getattr(import_module(f"benchmarks.speed.{module}"), function))


def test_every_contender_is_measured_somewhere() -> None:
    assert {name for case in ALL for name in case.contenders} == FUNCTIONS.keys()


@pytest.mark.parametrize(
    "case", [case for case in ALL if "frames" in case.counts and case.clips], ids=lambda case: case.name
)
def test_frames_are_as_many_as_the_clips_have(case: Case) -> None:
    interval_s = case.options.get("interval_s", 1.0)
    assert case.counts["frames"] == round(case.clips.video_s / interval_s)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_case_counts_something_and_demands_what_it_measures(case: Case) -> None:
    assert case.counts
    share = {"share_of_limit"} if any(is_limit(name) for name in case.contenders) else set()
    fill = {"batch_fill"} if "batch" in case.options and case.contenders[0] == "silver" else set()
    assert case.least.keys() <= {*case.contenders[1:], *share, *fill}


@pytest.mark.parametrize("name", [*OURS_WITHOUT_A_MODEL, *OTHERS_WITHOUT_A_MODEL])
def test_a_contender_does_the_work_and_counts_it(name: str) -> None:
    """On one small clip; those with a large model run in the benchmark only."""
    clips = Clips(count=1, seconds=2, size=(64, 48), gop_frames=5)
    counts = {"frames": 2, "dense_frames": 50}
    assert measured(Case("small", "", (name,), clips, counts), name).wall_s > 0


def test_a_contender_that_counts_otherwise_is_refused() -> None:
    clips = Clips(count=1, seconds=2, size=(64, 48), gop_frames=5)
    with pytest.raises(AssertionError, match="'frames': 2"):
        measured(Case("small", "", ("ffmpeg to JPEG",), clips, {"frames": 3}), "ffmpeg to JPEG")


def test_a_contender_that_counts_nothing_that_was_asked_for_is_refused() -> None:
    clips = Clips(count=1, seconds=2, size=(64, 48), gop_frames=5)
    with pytest.raises(AssertionError, match="'frames': 2"):
        measured(Case("small", "", ("ffmpeg to JPEG",), clips, {"images": 2}), "ffmpeg to JPEG")
