"""The command line."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.fault_suite.audit import audit
from benchmarks.fault_suite.experiment import Arguments, Experiment
from benchmarks.fault_suite.progress import Watch
from benchmarks.fault_suite.report import report, show
from datalake.errors import PipelineError

_EXAMPLES = """
examples:
  python -m benchmarks.faults --messages 60 --kills 20 --seed 1
  python -m benchmarks.faults --messages 1000 --repeats 0.3 --poison 0.02 --kills 100 --seed 7 \\
      --json benchmarks/results/faults-1000-7.json
  python -m benchmarks.faults --messages 20 --kills 0 --keep      no faults; look at the home afterwards

The stack is a new one in a temporary folder; one that runs already is left alone.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; 0 when every promise was kept, 1 when one was broken, 2 when the run itself failed."""
    options = _parser().parse_args(arguments)
    given = Arguments(
        messages=options.messages,
        repeats=options.repeats,
        poison=options.poison,
        kills=options.kills,
        seed=options.seed,
        pace_s=options.pace,
        drain_s=options.drain,
        patience_s=options.patience,
    )
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    watch = Watch(console, given.sent, given.kills)
    try:
        experiment = Experiment(given, folder, watch)
        with watch.shown():
            facts = experiment.run()
        found = report(experiment, facts, audit(facts))
    except PipelineError as error:
        console.print(f"[red]The run stopped:[/] {error}")
        return 2
    except KeyboardInterrupt:
        console.print("[yellow]Interrupted; the stack is down.[/]")
        return 2
    finally:
        if options.keep:
            console.print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    show(console, found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return int(found["verdict"] != "kept")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults",
        description="Kills processes of a whole stack under load; nothing may be lost or done twice.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--messages", type=int, default=60, help="different messages (60)")
    parser.add_argument("--repeats", type=float, default=0.3, help="share of them sent once more (0.3)")
    parser.add_argument("--poison", type=float, default=0.1, help="share of them that is bad (0.1)")
    parser.add_argument("--kills", type=int, default=20, help="kill -9 of so many processes (20)")
    parser.add_argument("--seed", type=int, default=1, help="decides everything that is left to chance (1)")
    parser.add_argument("--pace", type=float, default=5.0, help="seconds between kills, about (5)")
    parser.add_argument(
        "--drain", type=float, default=600.0, help="seconds from the last kill to the end (600)"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        help="seconds that a kill waits, at most, for the stack to go on after the last one (60)",
    )
    parser.add_argument("--json", type=Path, help="write the whole report there")
    parser.add_argument("--keep", action="store_true", help="keep the folder with home, logs and receipts")
    return parser
