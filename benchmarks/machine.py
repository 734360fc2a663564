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
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import torch

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


def results_file(name: str) -> Path:
    """Where results of this kind of machine are kept, beside those of other kinds.

    The kind is the precision of models on the processors, "bfloat16-amx" where units for whole tiles multiply
    in it, or "gpu".
    """
    from datalake import settings
    from datalake.adapters.embedders.runtime import multiplies_in_tiles, torch_device

    device = torch_device(settings.load().silver.device)
    tiles = "-amx" if multiplies_in_tiles() else ""
    kind = "gpu" if device.type == "cuda" else precision(device) + tiles
    return Path(__file__).parent / "results" / f"{name}-{kind}.json"


def precision(device: torch.device) -> str:
    """Of models on this device, as PyTorch names it."""
    from datalake.adapters.embedders.runtime import native_dtype

    return str(native_dtype(device)).removeprefix("torch.")


def commit() -> str:
    """Abbreviated hash of the checkout's commit, empty without git; `+` behind it where code was changed."""
    head = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":/!benchmarks/results")
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    found = subprocess.run(
        ["git", *arguments],
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
