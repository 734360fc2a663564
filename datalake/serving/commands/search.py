"""`datalake search`: find a moment by words."""

from __future__ import annotations

from typing import Annotated

import typer

from datalake.serving.commands.output import print_json, print_table, progress


def search(
    words: Annotated[str, typer.Argument(help='What to look for, e.g. "a cartoon rabbit".')],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Most moments shown.")] = 10,
    platform: Annotated[str | None, typer.Option(help="Only videos of this platform.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find the moments of videos that fit the words best."""
    from datalake import settings
    from datalake.serving.search import Search

    hits = Search.of_settings(settings.load())(words, limit, platform)
    if as_json:
        print_json([hit.model_dump(mode="json") for hit in hits])
    elif not hits:
        progress("Nothing found: no searchable video yet, or none on this platform.")
    else:
        rows = [(f"{h.platform}/{h.video_id}", clock(h.time_s), f"{h.score:.3f}", h.frame_uri) for h in hits]
        print_table(("video", "time", "score", "frame"), rows)


def clock(time_s: float) -> str:
    """Seconds as people write a moment: `0:05.2`, `1:02:03.0`."""
    tenths = round(time_s * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
