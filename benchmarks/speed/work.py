"""What a contender is given, and how its work is timed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.clips import FPS
from datalake.common_func import given_cores


@dataclass
class Work:
    """Files, options, and the clock.

    Attributes:
        files: what to work on.
        options: of the case.
        wall_s: from the beginning to the end of the work.
        cpu_s: of all processors, with child processes.
    """

    files: list[Path]
    options: Mapping[str, Any]
    wall_s: float = 0.0
    cpu_s: float = 0.0
    threads: int = field(default_factory=given_cores)

    @property
    def interval_s(self) -> float:
        """Seconds between wanted frames."""
        return float(self.options.get("interval_s", 1.0))

    @property
    def step(self) -> int:
        """Pictures of a clip from one that is wanted to the next."""
        return round(self.interval_s * FPS)

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Times the block; child processes that are alive before and after it count."""
        cpu_s, started_s = _tree_cpu_s(), time.perf_counter()
        yield
        self.wall_s += time.perf_counter() - started_s
        self.cpu_s += _tree_cpu_s() - cpu_s


def _tree_cpu_s() -> float:
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(one.user + one.system for one in times) + sum(me.cpu_times()[2:4])
