"""`datalake offsets`: partitions that are stopped because messages were lost."""

from __future__ import annotations

from typing import Annotated

import typer

from datalake.serving.commands.output import progress


def accept(partition: Annotated[int, typer.Argument(min=0, help="Number of the stopped partition.")]) -> None:
    """Accept that a partition lost messages: record what is gone and read on.

    After a topic was made anew it accepts that first, whichever partition is named, and ends the alert.

    Example: datalake offsets accept 3
    """
    from datalake import settings
    from datalake.adapters.kafka import Kafka
    from datalake.factory import postgres_uri
    from datalake.ingest.offsets import accept as accept_loss
    from datalake.ingest.offsets import accept_new_topic

    config = settings.load()
    uri, kafka = postgres_uri(config), Kafka.from_settings(config.kafka)
    if accept_new_topic(uri, kafka):
        progress("What was unread in the earlier topic is given up.")
        return
    gap = accept_loss(uri, kafka, partition)
    if gap is None:
        progress(f"Partition {partition} is read again from its beginning; known messages are passed over.")
    else:
        progress(f"Offsets {gap.first_offset} to {gap.last_offset} of partition {partition} are given up.")
