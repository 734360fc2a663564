"""`datalake cancel`: end messages that are under way."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from datalake.serving.commands.output import Json, print_json, progress

_SHOWN = 20


def cancel(
    names: Annotated[
        list[str], typer.Argument(help="Message ids, batch ids, video ids, or platform/video_id.")
    ],
    as_json: Json = False,
) -> None:
    """End messages as `cancelled`; what works on their videos stops within seconds.

    Whole batches and single videos can be named together. What has ended stays as it is; `datalake retry
    --class cancelled` takes cancelled messages up again.

    Example: datalake cancel instagram/Cx1abc
    """
    from datalake import factory, settings
    from datalake.ingest.cancelling import cancel as cancel_messages

    config = settings.load()
    done = cancel_messages(factory.postgres_uri(config), factory.build_composer(config), names)
    if as_json:
        print_json(asdict(done))
        return
    for label in done.cancelled[:_SHOWN]:
        progress(f"cancelled: {label}")
    for label in done.ended[:_SHOWN]:
        progress(f"had ended: {label}")
    if left := max(0, len(done.cancelled) - _SHOWN) + max(0, len(done.ended) - _SHOWN):
        progress(f"... and {left} more")
    progress(f"{len(done.cancelled)} messages are cancelled, {len(done.ended)} had ended before.")
