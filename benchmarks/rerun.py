"""What it costs to run the tasks of a finished batch once more.

    python -m benchmarks.rerun                            200 videos of 10 s, 10 % of them corrupt
    python -m benchmarks.rerun --videos 20 --seconds 2    fewer and shorter; nothing is written

The tasks of `video_process` run on a real PostgreSQL and an embedded Qdrant: once for a fresh batch, then
each task of the same batch once more with the input that it had (as after a click on "clear"), then for the
same files under new event ids. Each of the three is a process of its own, with its imports done before the
clock starts. A rerun must take 5 % of the first run's time at most, ask no child and use no model.
The result is written to benchmarks/results/rerun.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from benchmarks.clips import Recipe
from benchmarks.machine import machine
from benchmarks.many_files import different_files
from datalake.embedded.postgres import PostgresServer
from datalake.embedded.process import free_port, python_argv
from datalake.embedded.qdrant.server import QdrantServer
from datalake.settings import PROJECT_ROOT

RESULTS = Path(__file__).parent / "results" / "rerun.json"
FIRST, RERUN, AGAIN = PHASES = ("first", "rerun", "new event ids")
MOST_SHARE = 0.05
_VIDEOS, _SECONDS, _RECIPE = 200, 10, Recipe((640, 360))
_CORRUPT_EVERY = 10
_RUN_IDS = {FIRST: "first", RERUN: "first", AGAIN: "again"}


@dataclass
class Phase:
    """What one pass through the tasks did.

    Attributes:
        wall_s: seconds in tasks.
        cpu_s: processor seconds in tasks, with those of their children.
        tasks: how many ran.
        child_requests: what media children were asked for.
        embedded: how often the model was used.
        outcomes: of the batch's messages.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    tasks: int = 0
    child_requests: int = 0
    embedded: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when the rerun was not as cheap as it has to be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rerun",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--videos", type=int, default=_VIDEOS, help=f"so many files ({_VIDEOS})")
    parser.add_argument("--seconds", type=int, default=_SECONDS, help=f"length of each ({_SECONDS})")
    parser.add_argument("--phase", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.phase:
        name, folder = options.phase
        print(json.dumps(asdict(_run_phase(name, Path(folder)))))
        return 0
    with tempfile.TemporaryDirectory(prefix="rerun-") as folder:
        phases = measure(Path(folder), options.videos, options.seconds)
    share = round(phases[RERUN].wall_s / phases[FIRST].wall_s, 4)
    is_kept = share <= MOST_SHARE and not phases[RERUN].child_requests and not phases[RERUN].embedded
    result = {
        "machine": machine(),
        "videos": options.videos,
        "video_s": options.seconds,
        "phases": {name: asdict(phase) for name, phase in phases.items()},
        "rerun_share": share,
        "limit": MOST_SHARE,
        "new_event_ids_share": round(phases[AGAIN].wall_s / phases[FIRST].wall_s, 4),
    }
    print(json.dumps(result, indent=1))
    if (options.videos, options.seconds) == (_VIDEOS, _SECONDS):
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return int(not is_kept)


def measure(folder: Path, videos: int, seconds: int) -> dict[str, Phase]:
    """All phases, on servers and files in `folder`."""
    _make_files(folder / "videos", videos, seconds)
    with ExitStack() as servers:
        postgres = servers.enter_context(PostgresServer(folder / "postgres", free_port(), "rerun"))
        qdrant = servers.enter_context(QdrantServer(folder / "qdrant", free_port()))
        uri = postgres.ensure_database("video_db")
        variables = {
            "DATALAKE_HOME": str(folder),
            "PG_CONN_URI": uri,
            "QDRANT_URL": qdrant.url,
            "LAKE_URI": (folder / "lake").as_uri(),
            "SOURCE_ROOTS": json.dumps([str(folder / "videos")]),
            "EMAIL_RECEIVER": "",
        }
        from datalake.adapters.postgres import migrate

        migrate(uri)
        return {name: _in_a_process(name, folder, variables) for name in PHASES}


def _make_files(folder: Path, videos: int, seconds: int) -> None:
    """Files of different bytes; every tenth breaks off half way."""
    folder.mkdir(parents=True)
    paths = different_files(folder, "video", videos, seconds, _RECIPE)
    for number, path in enumerate(paths[_CORRUPT_EVERY - 1 :: _CORRUPT_EVERY]):
        os.truncate(path, path.stat().st_size // 2 + number)  # no two alike


def _in_a_process(name: str, folder: Path, variables: dict[str, str]) -> Phase:
    done = subprocess.run(
        python_argv("benchmarks.rerun", "--phase", name, folder),
        cwd=PROJECT_ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Phase(**json.loads(done.stdout.splitlines()[-1]))


def _run_phase(name: str, folder: Path) -> Phase:
    """Every task of a run; what each is given is kept for the rerun."""
    import datalake.preload  # noqa: F401 - what Airflow's fork server has imported before any task
    from datalake import factory, settings, tasks
    from datalake.adapters.embedders.conse import ConseEmbedder
    from datalake.adapters.media.process import Child
    from datalake.adapters.postgres import rows, transaction

    run_id, phase = _RUN_IDS[name], Phase()
    params: dict[str, Any] = {"uris": [path.as_uri() for path in sorted((folder / "videos").iterdir())]}
    timed = _Timed(phase)
    with _counted(Child, "send") as requests, _counted(ConseEmbedder, "embed") as embedded:
        planned = timed(tasks.plan, params, run_id)
        kept = folder / f"{run_id}.json"
        inputs = json.loads(kept.read_text("utf-8")) if kept.exists() else {"bronze": planned}
        for layer, after in (("bronze", "silver"), ("silver", "gold"), ("gold", "")):
            made = [timed(getattr(tasks, layer), chunk) for chunk in inputs[layer]]
            inputs.setdefault(after, made)
        timed(tasks.notify, params, run_id)
    kept.write_text(json.dumps(inputs), "utf-8")
    phase.child_requests, phase.embedded = len(requests), len(embedded)
    with transaction(factory.postgres_uri(settings.load())) as connection:
        sql = "SELECT outcome, count(*) AS n FROM ledger WHERE topic_id = %s GROUP BY outcome"
        phase.outcomes = {row["outcome"]: row["n"] for row in rows(connection, sql, (run_id,))}
    return phase


@dataclass
class _Timed:
    """Runs tasks and adds up their time."""

    phase: Phase

    def __call__(self, task: Callable[..., Any], *arguments: Any) -> Any:
        started_s, cpu_s = time.monotonic(), _cpu_s()
        made = task(*arguments)
        self.phase.wall_s = round(self.phase.wall_s + time.monotonic() - started_s, 3)
        self.phase.cpu_s = round(self.phase.cpu_s + _cpu_s() - cpu_s, 3)
        self.phase.tasks += 1
        return made


def _cpu_s() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


@contextmanager
def _counted(owner: type, name: str) -> Iterator[list[None]]:
    """Gets an entry for each call of a method, which does what it always does."""
    original, calls = getattr(owner, name), list[None]()

    @wraps(original)
    def counting(*arguments: Any, **named: Any) -> Any:
        calls.append(None)
        return original(*arguments, **named)

    setattr(owner, name, counting)
    try:
        yield calls
    finally:
        setattr(owner, name, original)


if __name__ == "__main__":
    sys.exit(main())
