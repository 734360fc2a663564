from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2

from benchmarks.speed.cases import Case, Clips
from benchmarks.speed.contenders import Measured
from benchmarks.speed.plot import write_plot
from benchmarks.speed.report import result

CASE = Case(
    name="a case",
    about="of two clips",
    contenders=("silver", "usual script", "limit: decoding", "limit: pictures"),
    clips=Clips(count=2, seconds=30, size=(64, 64), gop_frames=10),
    counts={"frames": 60},
)


def runs(*walls: float, cpu_s: float = 1.0) -> list[Measured]:
    return [Measured(wall_s, cpu_s) for wall_s in walls]


def test_medians_ratios_and_the_share_of_the_limit() -> None:
    measured = {
        "silver": runs(4.0, 3.0, 100.0),
        "usual script": runs(20.0, 12.0, 11.0),
        "limit: decoding": runs(9.0, 9.0, 9.0, cpu_s=5.0),
        "limit: pictures": runs(9.0, 9.0, 9.0, cpu_s=1.0),
    }
    found = result(CASE, measured, cores=2)
    ours = found.rows[0]
    assert (ours.wall_s, ours.wall_range_s, ours.video_s_per_s) == (4.0, (3.0, 100.0), 15.0)
    assert found.times_faster == {"usual script": 3.0}
    assert (found.limit_s, found.share_of_limit, found.limit_video_s_per_s) == (3.0, 0.75, 20.0)


def test_a_case_without_limits_has_no_share() -> None:
    found = result(CASE, {"silver": runs(1.0), "usual script": runs(2.0)}, cores=2)
    assert (found.limit_s, found.share_of_limit) == (None, None)


def test_what_a_case_demands_and_does_not_get_is_named() -> None:
    case = replace(CASE, least={"usual script": 3.0, "share_of_limit": 0.8})
    measured = {"silver": runs(4.0), "usual script": runs(12.0), "limit: decoding": runs(9.0, cpu_s=6.0)}
    assert result(case, measured, cores=2).missed == ("share_of_limit: 0.75 of 0.8",)


def test_how_full_batches_were_is_told_where_their_size_is_set() -> None:
    case = replace(CASE, options={"batch": 16}, least={"batch_fill": 0.8})
    measured = {"silver": [Measured(1.0, 1.0, {"frames": 60, "batches": batches}) for batches in (4, 5, 5)]}
    found = result(case, measured, cores=2)
    assert (found.batch_fill, found.missed) == (0.75, ("batch_fill: 0.75 of 0.8",))
    assert result(CASE, measured, cores=2).batch_fill is None


def test_what_takes_longer_than_it_may_is_named() -> None:
    case = replace(CASE, most_s=2.0)
    assert result(case, {"silver": runs(2.5)}, cores=2).missed == ("2.5 s of 2.0 s",)
    assert result(case, {"silver": runs(2.0)}, cores=2).missed == ()


def test_where_no_frames_are_counted_there_is_no_rate() -> None:
    case = replace(CASE, counts={"videos": 1})
    assert result(case, {"silver": runs(1.0)}, cores=2).rows[0].video_s_per_s is None


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    measured = {"silver": runs(1.0), "usual script": runs(2.0), "limit: decoding": runs(1.0)}
    path = tmp_path / "speed.png"
    write_plot([result(CASE, measured, cores=2), result(CASE, {"silver": runs(1.0)}, cores=2)], path)
    assert cv2.imread(str(path)).shape[2] == 3
