"""How fast we are, beside what others do and what the machine could do at best.

    python -m benchmarks.run                            every case, five runs of everything
    python -m benchmarks.run interval-1080p --runs 1    one case, quickly
    python -m benchmarks.run --list                     what there is

Contenders of a case run in turn, each in a process of its own with models built before the clock starts, and
say what they did: another number of frames is an error. The medians and their ratios are printed; of five
runs or more they are written to benchmarks/results/speed-KIND.json as each case ends, and drawn in a PNG
beside it. The kind is the precision of models on these processors, "bfloat16-amx" where units for whole tiles
multiply in it, or "gpu".
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import torch
from rich.console import Console
from rich.progress import Progress

from benchmarks.machine import commit, machine, precision, results_file
from benchmarks.speed.cases import Case, cases
from benchmarks.speed.contenders import Measured, measured
from benchmarks.speed.model import DEVICE, ON_GPU
from benchmarks.speed.report import Result, result, show
from benchmarks.speed.results import kept
from datalake.common_func import given_cores

_RUNS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 1 when a case does not reach what it has to."""
    known = cases()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cases", nargs="*", help="names; none: all")
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"of every contender ({_RUNS})")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    options = parser.parse_args(arguments)
    if unknown := set(options.cases) - set(known):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    console = Console()
    if options.list:
        for case in known.values():
            console.print(f"{case.name}: {case.about}")
        return 0
    named = [known[name] for name in options.cases]
    if elsewhere := [case.name for case in named if not _can_run(case)]:
        parser.error(
            f"models run on {DEVICE.type} here (setting DEVICE), which is not for {', '.join(elsewhere)}"
        )
    chosen = named or [case for case in known.values() if _can_run(case)]
    described = {**machine(), **_device()}
    missed = False
    for case in chosen:
        found = _measure(case, options.runs, console)
        missed = missed or bool(found.missed)
        if options.runs >= _RUNS:
            kept(results_file("speed"), described, found, known)
    return int(missed)


def _can_run(case: Case) -> bool:
    """False of a limit on processors where a GPU computes beside them, and the other way round."""
    return case.needs_gpu == ON_GPU


def _device() -> dict[str, str]:
    """The GPU, if models run on one here, and the precision that they run in."""
    gpu = {"gpu": torch.cuda.get_device_name(DEVICE)} if ON_GPU else {}
    return {**gpu, "precision": precision(DEVICE)}


def _measure(case: Case, runs: int, console: Console) -> Result:
    made: dict[str, list[Measured]] = {name: [] for name in case.contenders}
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(case.name, total=runs * len(made))
        for _ in range(runs):
            for name, so_far in made.items():
                progress.update(task, description=f"{case.name}: {name}")
                so_far.append(measured(case, name))
                progress.advance(task)
    found = result(case, made, given_cores(), commit())
    show(found, console)
    return found


if __name__ == "__main__":
    sys.exit(main())
