"""`datalake search`: find a moment by words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalake.errors import ConfigurationError
from datalake.serving.commands.output import Json, print_json, print_table, progress

if TYPE_CHECKING:
    from datalake.contracts import SearchHit
    from datalake.settings import Settings

_SHEET_HITS = 5


def search(
    words: Annotated[str, typer.Argument(help='What to look for, e.g. "a cartoon rabbit".')],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Most moments shown.")] = 10,
    platform: Annotated[str | None, typer.Option(help="Only videos of this platform.")] = None,
    as_json: Json = False,
    sheet: Annotated[Path | None, typer.Option(help="Also draw the frames found into this PNG.")] = None,
) -> None:
    """Find the moments of videos that fit the words best.

    Example: datalake search "a cartoon rabbit" -n 5 --sheet hits.png
    """
    from datalake import settings
    from datalake.serving.clock import clock
    from datalake.serving.search import Search

    config = settings.load()
    hits = Search.of_settings(config)(words, limit, platform)
    if sheet and hits:
        _draw(config, sheet, words, hits)
    if as_json:
        print_json([hit.model_dump(mode="json") for hit in hits])
    elif not hits:
        progress("Nothing found: no searchable video yet, or none on this platform.")
    else:
        rows = [(f"{h.platform}/{h.video_id}", clock(h.time_s), f"{h.score:.3f}", h.frame_uri) for h in hits]
        print_table(("video", "time", "score", "frame"), rows)


def _draw(config: Settings, sheet: Path, words: str, hits: list[SearchHit]) -> None:
    from datalake import factory
    from datalake.serving.contact_sheet import contact_sheet

    png = contact_sheet({words: hits[:_SHEET_HITS]}, factory.build_lake(config))
    try:
        sheet.write_bytes(png)
    except OSError as error:
        raise ConfigurationError(f"{sheet} cannot be written: {error.strerror}") from error
    progress(f"The best {len(hits[:_SHEET_HITS])} frames are drawn in {sheet}")
