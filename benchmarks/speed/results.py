"""The results file: a case is written as soon as it is through, beside those of the same machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.speed.plot import write_plot
from benchmarks.speed.report import Result, Row


def kept(path: Path, machine: Mapping[str, object], found: Result, order: Iterable[str]) -> None:
    """Write a case in place of its older result, and the picture of all of them beside the file.

    Args:
        path: the results file; those of another machine are dropped.
        machine: this one.
        found: what came out.
        order: names of all cases, as they are listed.
    """
    old = json.loads(path.read_text("utf-8")) if path.exists() else {}
    before = [_result(one) for one in old["cases"]] if old.get("machine") == machine else []
    by_name = {one.case: one for one in (*before, found)}
    cases = [by_name[name] for name in order if name in by_name]
    written = {"machine": machine, "cases": [asdict(one) for one in cases]}
    path.write_text(json.dumps(written, indent=1) + "\n", "utf-8")
    write_plot(cases, path.with_suffix(".png"))


def _result(stored: Mapping[str, Any]) -> Result:
    rows = (Row(**{**row, "wall_range_s": tuple(row["wall_range_s"])}) for row in stored["rows"])
    return Result(**{**stored, "rows": tuple(rows), "missed": tuple(stored["missed"])})
