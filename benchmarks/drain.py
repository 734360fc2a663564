"""Many small videos through a whole stack, and one message on an idle one.

    python -m benchmarks.drain                 1,000 videos of 2 seconds, five times (about twenty minutes)
    python -m benchmarks.drain --videos 200    fewer; nothing is written
    python -m benchmarks.drain --runs 1        once; nothing is written

First single messages on the idle, warm stack, timed step by step until a search finds them. Then, in turn,
all videos at once, from the producer's first message to the last outcome, and the same tasks on 200 more
videos without Kafka and Airflow, one after the other. The difference of the medians is what both cost a
video, less what layers of different batches gain at the same time. The result goes to
benchmarks/results/drain-KIND.json, by the kind of machine that `benchmarks.run` names; the exit code is 1
when a single message takes longer than 10 s (in the median), or of a thousand videos both cost each more than
30 ms: in small batches they cost more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.clips import Recipe
from benchmarks.fault_suite.progress import glance
from benchmarks.machine import commit, machine, results_file
from benchmarks.many_files import different_files
from benchmarks.own_stack import own_stack
from datalake.adapters.postgres import kept_connections, row, rows, transaction
from datalake.demo.messages import QUERIES, arrived, fresh_clip
from datalake.demo.scene import Scene
from datalake.embedded import stack
from datalake.embedded.airflow import API_SERVER, DAG_PROCESSOR, SCHEDULER, TRIGGERER
from datalake.embedded.parts import open_stack
from datalake.embedded.process import python_argv, wait_until
from datalake.embedded.samples import sample_clips, samples_folder
from datalake.errors import TransientError
from datalake.settings import PROJECT_ROOT

VIDEOS = 1000
_SECONDS, _RECIPE = 2, Recipe((160, 96))
_DIRECT = 200
_SINGLES, _RUNS = 3, 5
_TIMEOUT_S = 1800.0
_LARGE = 200  # messages a batch, in the mean: what Airflow costs a video is asked for at such
_MOST_S, _MOST_MS = 10.0, 30.0
_LOOK_S = 0.5  # looking costs what is looked at
_BATCHES = """
SELECT count(*) AS messages FROM ledger GROUP BY batch_id ORDER BY min(received_at)
"""
_TASKS = """
SELECT dag_id || '.' || task_id AS task, count(*) AS n FROM task_instance WHERE state IN ('success', 'failed')
GROUP BY 1 ORDER BY 1
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when it took longer than it may."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.drain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--videos", type=int, default=VIDEOS, help=f"so many ({VIDEOS})")
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"so often ({_RUNS})")
    parser.add_argument("--direct", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.direct:
        print(json.dumps(_through_the_tasks(options.direct)))
        return 0
    with tempfile.TemporaryDirectory(prefix="drain-", ignore_cleanup_errors=True) as folder:
        result = measure(Path(folder), options.videos, options.runs)
    text = json.dumps({"machine": machine(), "commit": commit(), **result}, indent=1)
    print(text)
    if options.videos == VIDEOS and options.runs >= _RUNS:
        results_file("drain").write_text(text + "\n", "utf-8")
    is_late, is_large = result["searchable_s"] > _MOST_S, options.videos >= VIDEOS
    return int(is_late or (is_large and result["overhead_ms_per_video"] > _MOST_MS))


def measure(folder: Path, videos: int, runs: int) -> dict[str, Any]:
    """All of it, so many runs, on a stack in `folder`.

    Raises:
        PipelineError: the stack did not start, or a message was not through in time.
    """
    home = folder / "home"
    home.mkdir()
    with own_stack(home, _say) as state, kept_connections():
        scene = Scene.of_stack(state)
        _warm(scene)
        singles = [_single(scene) for _ in range(_SINGLES)]
        drained, direct = [], []
        for run in range(runs):
            if run:
                stack.up(_say)
                _warm(scene)
            drained.append(_drained(scene, videos, run))
            _stop_airflow()
            direct.append(_direct(folder, run))
        with transaction(open_stack().airflow_database_uri) as connection:
            tasks = {found["task"]: found["n"] for found in rows(connection, _TASKS)}
    drained_ms = [1000 * found["wall_s"] / found["videos"] for found in drained]
    direct_ms = [1000 * found["wall_s"] / found["videos"] for found in direct]
    return {
        "idle": singles,
        "searchable_s": median(single["found by a search"] for single in singles),
        "drained": drained,
        "without_kafka_and_airflow": direct,
        "drained_ms_per_video": _spread(drained_ms),
        "without_ms_per_video": _spread(direct_ms),
        "overhead_ms_per_video": round(median(drained_ms) - median(direct_ms), 1),
        "tasks": tasks,
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    named = {"median": median(values), "least": min(values), "most": max(values)}
    return {name: round(value, 1) for name, value in named.items()}


def _warm(scene: Scene) -> None:
    """A first video: every process has loaded what it needs, and there is something to search in."""
    scene.wait_until_idle(_TIMEOUT_S)
    before = glance(scene.postgres_uri).ended
    path = fresh_clip(sample_clips()[0], samples_folder())
    scene.send([arrived(path.stem, path)])
    _until_ended(scene, before + 1)
    scene.first_hits(QUERIES[0].words)


def _until_ended(scene: Scene, messages: int) -> None:
    if not wait_until(lambda: glance(scene.postgres_uri).ended == messages, _TIMEOUT_S, every_s=_LOOK_S):
        raise TransientError(f"not all of {messages} messages had ended after {_TIMEOUT_S:.0f} s")


def _single(scene: Scene) -> dict[str, float]:
    """Seconds from sending one new video until each step."""
    scene.wait_until_idle(_TIMEOUT_S)
    path = fresh_clip(sample_clips()[0], samples_folder())
    scene.first_hits(QUERIES[0].words)
    steps = scene.steps_until_searchable(
        arrived(path.stem, path), QUERIES[0].words, sha256(path.read_bytes()).hexdigest(), _TIMEOUT_S
    )
    assert steps is not None, "one message on an idle stack was not found by a search"
    found = {step.name: round((step.at - steps[0].at).total_seconds(), 2) for step in steps}
    _say(f"one message: {found}")
    return found


def _drained(scene: Scene, videos: int, run: int) -> dict[str, Any]:
    files = different_files(samples_folder(), f"many-{run}", videos, _SECONDS, _RECIPE)
    scene.wait_until_idle(_TIMEOUT_S)
    before, batches_before = glance(scene.postgres_uri).ended, len(_batches(scene))
    began_at = time.monotonic()
    scene.send([arrived(path.stem, path) for path in files])
    _until_ended(scene, before + videos)
    wall_s = time.monotonic() - began_at
    _say(f"{videos} videos in {wall_s:.1f} s")
    with transaction(scene.postgres_uri) as connection:
        outcomes = row(connection, "SELECT count(*) AS n FROM ledger WHERE outcome = 'done'") or {}
    batches = _batches(scene)[batches_before:]
    assert outcomes["n"] == before + videos, f"not all are done: {outcomes}"
    assert videos < VIDEOS or mean(batches) >= _LARGE, f"batches are small: {batches}"
    rate = {"videos_per_s": round(videos / wall_s, 2), "video_s_per_s": round(videos * _SECONDS / wall_s, 1)}
    return {"videos": videos, "wall_s": round(wall_s, 1), **rate, "batches": batches}


def _batches(scene: Scene) -> list[int]:
    """Messages of each batch so far."""
    with transaction(scene.postgres_uri) as connection:
        return [found["messages"] for found in rows(connection, _BATCHES)]


def _stop_airflow() -> None:
    parts = open_stack()
    for name in ("watchdog", SCHEDULER, TRIGGERER, DAG_PROCESSOR, API_SERVER):
        parts.supervisor.stop_program(name)


def _direct(folder: Path, run: int) -> dict[str, Any]:
    """The tasks alone, in a process that has done its imports; on the same stores, without Airflow beside."""
    listed = folder / f"direct-{run}.json"
    files = different_files(samples_folder(), listed.stem, _DIRECT, _SECONDS, _RECIPE)
    listed.write_text(json.dumps([path.as_uri() for path in files]), "utf-8")
    done = subprocess.run(
        python_argv("benchmarks.drain", "--direct", listed),
        cwd=PROJECT_ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["done"] == _DIRECT, f"not all are done: {found}"
    _say(f"without Kafka and Airflow: {found}")
    return found


def _through_the_tasks(listed: Path) -> dict[str, Any]:
    import datalake.preload  # noqa: F401 - what Airflow's fork server has imported before any task
    from datalake import tasks

    params = {"uris": json.loads(listed.read_text("utf-8"))}
    took: dict[str, float] = {}
    began_at = time.monotonic()
    made: list[dict[str, Any]] = tasks.plan(params, listed.stem)
    for name in ("bronze", "silver", "gold"):
        layer_at = time.monotonic()
        made = [getattr(tasks, name)(chunk) for chunk in made]
        took[f"{name}_s"] = round(time.monotonic() - layer_at, 2)
    tasks.notify(params, listed.stem)
    wall_s = round(time.monotonic() - began_at, 2)
    return {
        "videos": len(params["uris"]),
        "done": sum(tally.get("done", 0) for tally in made),
        "chunks": len(made),
        "wall_s": wall_s,
        **took,
    }


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
