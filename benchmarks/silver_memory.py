"""Peak memory of silver on a short and a long 1080p file.

    python -m benchmarks.silver_memory                  10 seconds against 2 hours (about 20 minutes)
    python -m benchmarks.silver_memory --seconds 10 60  other lengths; nothing is written

Each file goes through probe, silver and assessment, with the real media children and model, in a process of
its own whose tree is looked at every 50 ms, or as often as a look takes. All of the picture moves, and none
is left out as a near-duplicate. Frames and kept frames are counted. The result is written to
benchmarks/results/silver-memory-KIND.json, by the kind of machine that `benchmarks.run` names.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.clips import FULL_HD
from benchmarks.machine import commit, machine, memory_watched, results_file
from benchmarks.speed.cases import Clips

_STANDARD = (10, 7200)
_MOST = 1.2


def main(arguments: list[str] | None = None) -> int:
    """Measure all lengths; 1 when the longest needs more than 1.2 times the shortest's memory."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.silver_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seconds", type=int, nargs="+", default=list(_STANDARD), help="lengths of the clips"
    )
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(_through_silver(options.one)))
        return 0
    cases = [_measured(seconds) for seconds in sorted(options.seconds)]
    ratio = round(cases[-1]["peak_mib"] / cases[0]["peak_mib"], 3)
    result = {"machine": machine(), "commit": commit(), "cases": cases, "peak_ratio": ratio, "limit": _MOST}
    print(json.dumps(result, indent=1))
    if tuple(sorted(options.seconds)) == _STANDARD:
        results_file("silver-memory").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return int(ratio > _MOST)


def _measured(seconds: int) -> dict[str, float]:
    (video,) = Clips(count=1, seconds=seconds, size=FULL_HD, gop_frames=250).paths()
    started_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.silver_memory", "--one", str(video)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with memory_watched(process.pid) as peak:
        printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the run on {seconds} s failed with {process.returncode}")
    counts = json.loads(printed)
    assert counts["frames"] == counts["kept_frames"] == seconds, f"one frame a second: {counts}"
    return {
        "video_s": seconds,
        **counts,
        "peak_mib": round(peak.mib, 1),
        "samples": peak.samples,
        "wall_s": round(time.monotonic() - started_s, 1),
    }


def _through_silver(video: Path) -> dict[str, int]:
    """What silver's task does with one video, and how many frames it stored."""
    from benchmarks.silver_chunk import after_bronze, silver_task
    from datalake import factory, settings
    from datalake.contracts import Options

    with tempfile.TemporaryDirectory(dir=video.parent) as folder:
        config = settings.Settings(
            lake=settings.LakeSettings(lake_uri=Path(folder).as_uri()),
            silver=settings.SilverSettings(duplicate_max_bits=-1),  # a long clip repeats itself
        )
        chunk = after_bronze([video], config, Options())
        with silver_task(config, chunk, factory.build_embedder(config)) as step:
            done = step(chunk.videos[0])
        assert done.silver is not None
        return {
            "frames": done.silver.frame_count,
            "kept_frames": done.silver.kept_count,
            "windows": len(done.silver.part_keys),
        }


if __name__ == "__main__":
    sys.exit(main())
