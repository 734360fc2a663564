from __future__ import annotations

import json
from pathlib import Path

from benchmarks.speed.report import Result, result
from benchmarks.speed.results import kept
from tests.benchmarks.speed.test_report import CASE, runs

ORDER = ["first", "a case", "without video"]
HERE, ELSEWHERE = {"cores": 2}, {"cores": 64}


def found(name: str = "a case", wall_s: float = 1.0) -> Result:
    measured = {"silver": runs(wall_s), "usual script": runs(2.0), "limit: decoding": runs(1.0)}
    case = result(CASE, measured, cores=2)
    return Result(**{**vars(case), "case": name})


def stored(path: Path) -> list[tuple[str, float]]:
    return [
        (case["case"], case["rows"][0]["wall_s"]) for case in json.loads(path.read_text("utf-8"))["cases"]
    ]


def test_cases_are_kept_one_by_one_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    for one in (found(), found("first"), found(wall_s=3.0)):
        kept(path, HERE, one, ORDER)
    assert stored(path) == [("first", 1.0), ("a case", 3.0)]
    assert path.with_suffix(".png").exists()


def test_results_of_two_machines_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    kept(path, ELSEWHERE, found("first"), ORDER)
    kept(path, HERE, found(), ORDER)
    assert stored(path) == [("a case", 1.0)]


def test_a_case_without_video_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    measured = {"silver": runs(1.0)}
    one = result(CASE, measured, cores=2)
    rows = tuple(type(row)(**{**vars(row), "video_s_per_s": None}) for row in one.rows)
    kept(path, HERE, Result(**{**vars(one), "case": "without video", "rows": rows}), ORDER)
    assert not path.with_suffix(".png").exists()
