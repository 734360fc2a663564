"""What a result was measured on, and how a process tree is watched."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1024**2


@dataclass
class Peak:
    """Most memory that a process and its children held together, MiB; shared pages count once (PSS)."""

    mib: float = 0.0
    samples: int = 0


def machine() -> dict[str, object]:
    """Processor, cores, memory and Python, for a results file."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "python": platform.python_version(),
        "kernel": platform.release(),
    }


def commit() -> str:
    """Abbreviated hash of the checkout's commit; `+` behind it where files are changed, empty without git."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude", "*"],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return found.stdout.strip()


@contextmanager
def memory_watched(pid: int, every_s: float = 0.05) -> Iterator[Peak]:
    """Samples the tree of a process until the block ends."""
    peak, stop = Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(every_s):
            peak.mib = max(peak.mib, tree_mib(pid))
            peak.samples += 1

    watcher = threading.Thread(target=watch, name="memory", daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def tree_mib(pid: int) -> float:
    """Proportional set size of a process and all its children, MiB; 0 once it is gone."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += process.memory_full_info().pss
    return total / MIB
