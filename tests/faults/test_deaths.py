"""Task processes that die: one by one, at named points, over one video, or because a person cancels."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import datalake
from datalake import chunks
from datalake.adapters.lake import FileLake
from datalake.adapters.media.pool import ChildPool
from datalake.adapters.postgres.video_attempts import PostgresAttemptLog
from datalake.chunk_run import ChunkRun
from datalake.contracts import Outcome, VideoProgress
from datalake.crash_points import FOLDER
from datalake.ingest.batches import open_ui_batch, unfinished
from datalake.ingest.cancelling import cancel
from tests.limits import ROOMY
from tests.task_world import RUN, World

pytestmark = [pytest.mark.postgres]

ROGUE = "tests.datalake.adapters.media.rogue_child"
# one of the videos ends the process that works on it, as a bug in a native library would
OVER_A_KILLER = """
import os, signal, sys, uuid
from datalake import chunks
from datalake.adapters.postgres.video_attempts import PostgresAttemptLog
from datalake.chunk_run import ChunkRun
from datalake.contracts import Outcome
from datalake.ingest.batches import unfinished

uri, batch_id, notes = sys.argv[1], uuid.UUID(sys.argv[2]), sys.argv[3]

def step(video):
    name = video.claimed.arrived.uri
    with open(notes, "a") as file:
        file.write(name + "\\n")
    if "killer" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    return video.model_copy(update={"outcome": Outcome(kind="done")})

chunk = chunks.split(unfinished(uri, batch_id, 1, "run"), 64)[0]
done = ChunkRun("silver", step, PostgresAttemptLog(uri), 2, 3)(chunk)
print([(video.outcome.kind, video.outcome.reason) for video in done.videos])
"""
HANGING = """
import sys, uuid
from datalake import chunks
from datalake.adapters.media.pool import ChildPool
from datalake.adapters.postgres.video_attempts import PostgresAttemptLog
from datalake.chunk_run import ChunkRun
from datalake.ingest.batches import unfinished
from tests.limits import ROOMY

uri, batch_id = sys.argv[1], uuid.UUID(sys.argv[2])

def step(video):
    with pool.lease() as child:
        print("hangs", flush=True)
        child.request("hang")

chunk = chunks.split(unfinished(uri, batch_id, 1, "run"), 64)[0]
with ChildPool(1, ROOMY, entry="tests.datalake.adapters.media.rogue_child") as pool:
    ChunkRun("silver", step, PostgresAttemptLog(uri), 2, 3)(chunk)
"""
# all tasks of a run for each line it is told, in a process that starts as Airflow's do: forked, all loaded
THROUGH_EVERYTHING = """
import json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # libraries print while they are loaded
from datalake import preload, tasks

assert preload.SEEN
params, run_id = json.loads(sys.argv[1]), sys.argv[2]
for _ in sys.stdin:
    if not (pid := os.fork()):
        for chunk in tasks.plan(params, run_id):
            tasks.gold(tasks.silver(tasks.bronze(chunk)))
        tasks.notify(params, run_id)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)
"""
POINTS = (
    *("video.after_begin", "video.before_end", "silver.after_manifest", "gold.after_hold"),
    *("gold.after_points", "gold.before_commit", "gold.after_commit", "mail.after_taken", "mail.after_data"),
)


def test_every_point_of_the_tasks_is_visited() -> None:
    sources = (path.read_text("utf-8") for path in Path(datalake.__file__).parent.rglob("*.py"))
    named = [point for text in sources for point in re.findall(r'crash_point\("([a-z_.]+)"\)', text)]
    elsewhere = ("claim.", "letters.", "batches.", "reopen.", "cancel.")
    assert sorted(point for point in named if not point.startswith(elsewhere)) == sorted(POINTS)


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, check=False, timeout=120, capture_output=True, text=True)


def test_a_video_that_kills_its_process_is_found_out_and_no_other_pays(postgres_uri, tmp_path: Path) -> None:
    names = ["killer", "a", "b", "c"]
    batch_id = open_ui_batch(postgres_uri, "run", [f"file:///v/{name}.mp4" for name in names])
    notes = tmp_path / "notes"
    deaths = 0
    while (ended := run(OVER_A_KILLER, postgres_uri, str(batch_id), str(notes))).returncode:
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        deaths += 1
        assert deaths <= 4, "it never ends"
    assert deaths == 4  # once with another video in flight, three times alone
    assert ended.stdout.count("('done', None)") == 3
    assert ended.stdout.count("('quarantined', 'kills_worker')") == 1
    opened = Counter(Path(line).stem for line in notes.read_text().splitlines())
    assert opened["killer"] == 4
    assert sum(opened[name] for name in ("a", "b", "c")) <= 4  # only who was in flight with it once more


def test_a_task_that_is_asked_to_end_leaves_no_death_behind(postgres_uri) -> None:
    batch_id = open_ui_batch(postgres_uri, "run", ["file:///v/a.mp4"])
    assert batch_id is not None
    command = [sys.executable, "-c", HANGING, postgres_uri, str(batch_id)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as task:
        assert task.stdout is not None
        assert task.stdout.readline() == "hangs\n"
        task.terminate()
        _, words = task.communicate(timeout=60)
    assert task.returncode == 1
    assert "TransientError: the task was asked to end" in words
    videos = unfinished(postgres_uri, batch_id, 1, "run")
    (tries,) = PostgresAttemptLog(postgres_uri).earlier("silver", videos).values()
    assert (tries.progress, tries.deaths) == (None, 0)


@pytest.mark.timeout(600)
def test_a_kill_at_any_point_of_the_tasks_loses_and_doubles_nothing(
    world: World, configure, smtp_sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    configure(SMTP_TIMEOUT_S=1)  # a mail whose sender died is taken up again after three times that
    good, bad = world.good(), world.truncated()
    params = json.dumps({"uris": [good.as_uri(), bad.as_uri()]})
    armed = tmp_path / "armed"
    armed.mkdir()
    for point in POINTS:
        (armed / point).touch()
    command = [sys.executable, "-c", THROUGH_EVERYTHING, params, RUN]
    deaths = 0
    deadline = time.monotonic() + 300
    with subprocess.Popen(
        command,
        env={**os.environ, FOLDER: str(armed)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as forking:
        assert forking.stdin is not None
        assert forking.stdout is not None
        try:
            while list(armed.iterdir()) or len(smtp_sink.mails()) < 2:
                assert time.monotonic() < deadline, (sorted(armed.iterdir()), world.outcomes())
                forking.stdin.write("again\n")
                ended = int(forking.stdout.readline())
                assert ended in (0, -signal.SIGKILL)
                deaths += ended != 0
        finally:
            forking.kill()
    assert deaths == len(POINTS)
    assert world.outcomes() == {good.name: ("done", None), bad.name: ("quarantined", "truncated")}
    assert world.row("SELECT count(*) FROM videos") == {"count": 1}
    kept = world.rows("SELECT point_id FROM frames WHERE point_id IS NOT NULL")
    assert len(kept) == len({row["point_id"] for row in kept}) == 2
    assert world.row("SELECT count(*) FROM dead_letters") == {"count": 1}
    assert len({mail["Message-ID"] for mail in smtp_sink.mails()}) == 1


def test_cancelling_kills_the_child_within_seconds_and_leaves_no_partial_file(
    postgres_uri, tmp_path: Path
) -> None:
    batch_id = open_ui_batch(postgres_uri, "run", ["file:///v/hangs.mp4", "file:///v/fine.mp4"])
    chunk = chunks.split(unfinished(postgres_uri, batch_id, 1, "run"), 64)[0]
    lake, at_it, pids = FileLake(tmp_path / "lake"), threading.Event(), []

    def step(video: VideoProgress) -> VideoProgress:
        with lake.scratch() as folder, pool.lease() as child:
            (folder / "half").write_bytes(b"half")
            if "hangs" in video.claimed.arrived.uri:
                pids.append(child.pid)
                at_it.set()
                child.request("hang")
            return video.model_copy(update={"outcome": Outcome(kind="done")})

    def cancel_once_it_hangs() -> None:
        assert at_it.wait(30)
        cancel(postgres_uri, lambda report: (), [chunk.videos[0].claimed.label])
        cancelled_at.append(time.monotonic())

    cancelled_at: list[float] = []
    canceller = threading.Thread(target=cancel_once_it_hangs)
    with ChildPool(2, ROOMY, entry=ROGUE) as pool:
        canceller.start()
        done = ChunkRun("silver", step, PostgresAttemptLog(postgres_uri), 2, 3)(chunk)
        assert time.monotonic() - cancelled_at[0] < 5
        with pytest.raises(ProcessLookupError):
            os.kill(pids[0], 0)
    canceller.join()
    assert "cancelled" in (done.videos[0].put_off or "")
    assert done.videos[1].outcome == Outcome(kind="done")
    assert [path for path in (tmp_path / "lake").rglob("*") if path.is_file()] == []
