"""Everything that is measured, by name, and the process that one measurement runs in.

A contender gets files and options, does what comes before the work, works while the clock runs, and returns
what it counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from benchmarks.speed.cases import Case
from benchmarks.speed.work import Work
from datalake.libraries import HEAP, POLICY
from datalake.settings import PROJECT_ROOT

FUNCTIONS = {
    "silver": "ours.silver",
    "silver, decoded in software": "ours.silver_decoded_in_software",
    "silver without a model": "ours.silver_without_model",
    "frames": "ours.frames",
    "25 times as many": "ours.dense_frames",
    "embedding": "ours.embedding",
    "first image": "ours.first_image",
    "usual script": "peers.usual_script",
    "OpenCV with batches": "peers.opencv_batches",
    "one pass": "floors.one_pass",
    "ffmpeg to JPEG": "floors.ffmpeg_to_jpeg",
    "limit: decoding": "floors.decoding",
    "limit: pictures": "floors.pictures",
    "limit: embedding": "floors.embedding",
}


@dataclass(frozen=True)
class Measured:
    """One run of a contender: seconds on the clock, seconds of all processors, and what was counted."""

    wall_s: float
    cpu_s: float
    counts: dict[str, int] = field(default_factory=dict)


def measured(case: Case, name: str) -> Measured:
    """One run, in a process of its own.

    Raises:
        subprocess.CalledProcessError: it failed; its errors were printed.
        AssertionError: it did other work than the case asks for.
    """
    order = {"files": [str(path) for path in _files(case)], "options": {**case.options, **case.counts}}
    # ours has what its tasks have, the others what their libraries do by themselves
    policy = POLICY | HEAP
    environment = {key: value for key, value in os.environ.items() if key not in policy}
    environment |= policy if FUNCTIONS[name].startswith("ours.") else {}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.contenders", FUNCTIONS[name], json.dumps(order)],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = Measured(**json.loads(done.stdout.splitlines()[-1]))
    counted = {what: count for what, count in found.counts.items() if what in case.counts}
    is_right = all(count == case.counts[what] for what, count in counted.items())
    assert is_right and (counted or is_limit(name)), f"{case.name}, {name}: {found.counts}"
    return found


def is_limit(name: str) -> bool:
    """True for a part of a limit, which counts what it does by itself."""
    return name.startswith("limit: ")


def _files(case: Case) -> list[Path]:
    return case.clips.paths() if case.clips else []


def _main(function: str, order: str) -> None:
    module, name = function.split(".")
    contender: Callable[[Work], dict[str, int]] = getattr(import_module(f"benchmarks.speed.{module}"), name)
    given = json.loads(order)
    work = Work([Path(path) for path in given["files"]], given["options"])
    counts = contender(work)
    print(json.dumps({"wall_s": work.wall_s, "cpu_s": work.cpu_s, "counts": counts}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
