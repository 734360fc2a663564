"""Small functions that several parts need."""

from __future__ import annotations

import ctypes
import json
import math
import os
import random
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID, uuid5

from datalake.contracts import WorkIdentity

# raised by hand when the same bytes and options would give other frames, rows, vectors or files
PIPELINE_VERSION = "3"
_PR_SET_PDEATHSIG = 1
_POINTS = UUID("6f1f3a4e-3f0b-5b0e-9c39-0c6a7d1f5b52")


def point_id(work: WorkIdentity, time_us: int) -> UUID:
    """Id of the Qdrant point for the frame at `time_us` microseconds; the same frame always gets the same."""
    return uuid5(_POINTS, json.dumps([work.asset_id, time_us, work.model, work.settings_hash]))


def platforms(video_ids: Iterable[str]) -> list[str]:
    """The platforms of `platform/video_id` names, sorted."""
    return sorted({video_id.partition("/")[0] for video_id in video_ids})


def run_id_of(batch_id: UUID, attempt: int) -> str:
    """Airflow run of one attempt of a batch; the first attempt is 1."""
    return f"{batch_id}-{attempt}"


def backoff_s(
    tries: int, first_s: float, longest_s: float, draw: Callable[[], float] = random.random
) -> float:
    """Seconds to wait after so many failures (1 or more): doubling up to the longest, half of it by chance.

    Without chance, all that failed together would come back together.
    """
    pause_s = min(longest_s, first_s * 2.0 ** min(tries - 1, 40))
    return pause_s * (0.5 + draw() / 2)


def given_cores(quota_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Processors that this process may use: those it may run on, or a container's share if that is less.

    Args:
        quota_file: microseconds of processor time and their period, or `max` (Linux control groups, v2).
    """
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = quota_file.read_text("ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, math.ceil(int(quota) / int(period))))


def die_with_parent(parent_pid: int, number: signal.Signals) -> None:
    """Have the kernel send this process a signal when the *thread* that started it ends (Linux).

    Args:
        parent_pid: process that is the parent; this one exits if that has ended already.
        number: the signal; SIGKILL cannot be ignored by a native library.

    Raises:
        OSError: the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit("the process that started this one has ended")
