"""`scripts/demo`: real and broken videos through the whole stack, and a balance that has to be right."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from rich.console import Console

from datalake.demo import latency, ledger_rows, report, watch
from datalake.demo.messages import QUERIES, arrived, fresh_clip, messages
from datalake.demo.scene import Scene
from datalake.errors import PipelineError
from datalake.factory import build_lake
from datalake.ingest.ledger import ledger_balance

_SHEET_HITS = 4
_EXAMPLES = """
examples:
  scripts/demo              start the stack, send everything, show what became of it
  scripts/demo --timeout 600    on a slow machine
afterwards:
  .venv/bin/datalake search "a dog"     .venv/bin/datalake status     scripts/down
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 only if the ledger balances and every outcome is the expected one."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds to wait for the messages (300)")
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    try:
        return _demo(console, options.timeout)
    except PipelineError as error:
        console.print(f"[red]The demo stopped:[/] {error}")
    except KeyboardInterrupt:
        console.print("[yellow]Interrupted.[/] The stack goes on; scripts/down stops it.")
    return 1


def _demo(console: Console, timeout_s: float) -> int:
    from datalake.embedded import samples, stack

    console.rule("[bold]Video Data Pipeline: the stack")
    state = stack.up(lambda line: console.print(f"  {line}"))
    scene = Scene.of_stack(state)
    clips, folder = samples.sample_clips(), samples.samples_folder()
    sent = list(messages(clips, folder))

    console.rule("[bold]Messages")
    console.print(
        f"Sending {len(sent)} messages to [bold]{scene.kafka.topic}[/]: {len(clips)} real clips, a truncated "
        "file, a text file called .mp4 and half a message.\n"
    )
    scene.send(sent)
    looked = watch.follow(console, scene.postgres_uri, sent, timeout_s)

    console.rule("[bold]What became of them")
    faults = report.unexpected(sent, looked)
    faults += report.balance(console, ledger_balance(scene.postgres_uri, scene.kafka))
    report.counts(console, ledger_rows.counts(scene.postgres_uri), scene.points())
    found = {query.words: scene.first_hits(query.words, _SHEET_HITS) for query in QUERIES}
    faults += report.searches(console, found)
    report.mail(console, state.mails)
    faults += report.dead_letters(console, scene.letters(), sent)

    console.rule("[bold]One more message, on the idle stack")
    faults += _one_more(console, scene, fresh_clip(clips[0], folder), timeout_s)
    report.goodbye(console, state)
    report.sheet(console, found, build_lake(scene.config), folder.parent / "contact-sheet.png")
    return report.verdict(console, faults)


def _one_more(console: Console, scene: Scene, clip: Path, timeout_s: float) -> list[str]:
    """Time one message, with bytes that were never seen before, until a search finds it."""
    if not scene.wait_until_idle(timeout_s):
        return [f"the stack did not become idle within {timeout_s:.0f} s"]
    asset_id = sha256(clip.read_bytes()).hexdigest()
    message = arrived("fresh", clip)
    steps = scene.steps_until_searchable(message, QUERIES[0].words, asset_id, timeout_s)
    clip.unlink()
    if steps is None:
        return [f"{message.video_id} was not found by a search within {timeout_s:.0f} s"]
    console.print(latency.table(steps))
    return []


if __name__ == "__main__":
    sys.exit(main())
