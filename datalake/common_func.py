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
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from datalake.contracts import WorkIdentity

# raised by hand when the same bytes and options would give other frames, rows, vectors or files
PIPELINE_VERSION = "5"
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


def given_cores(groups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> int:
    """Processors that this process may use: those it may run on, or a container's or unit's share if less.

    Args:
        groups: where the Linux control groups (v2) are mounted.
        membership: names this process's own group; the shares of those around it count too.
    """
    own = _own_group(membership)
    shares = [_share(groups / group / "cpu.max") for group in (own, *own.parents)]
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), *shares)))


def _own_group(membership: Path) -> Path:
    """Below the mount point; that itself if nothing is said."""
    try:
        lines = membership.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return Path()
    return Path(next((line[len("0::/") :] for line in lines if line.startswith("0::/")), ""))


def _share(quota_file: Path) -> float:
    """Processors: microseconds of their time in a period, infinite for `max` and where nothing is said."""
    try:
        quota, period = quota_file.read_text("ascii").split()
        return math.inf if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return math.inf


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


def storable(text: str) -> str:
    """The text without what no database takes: lone surrogates become `?`, NUL goes."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")
