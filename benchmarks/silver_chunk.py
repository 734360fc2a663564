"""Silver's task for files that bronze is done with, without PostgreSQL.

Leases are kept in memory, and nobody notes attempts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from datalake import chunks, factory
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.memory.leases import MemoryLeases
from datalake.adapters.ports import Embedder
from datalake.contracts import BronzeVideo, Chunk, ClaimedVideo, Options, VideoArrived
from datalake.settings import Settings
from datalake.steps.silver import silver_step


def after_bronze(files: Sequence[Path], config: Settings, options: Options) -> Chunk:
    """One chunk with all files, in the lake and probed."""
    lake = factory.build_lake(config)
    claimed = [
        ClaimedVideo(
            message_id=uuid4(),
            batch_id=uuid4(),
            attempt=1,
            run_id="run",
            version=(1, 0, 0),
            arrived=VideoArrived(event_id=uuid4(), video_id=path.stem, uri=path.as_uri(), options=options),
        )
        for path in files
    ]
    (chunk,) = chunks.split(claimed, len(claimed))
    videos = []
    with factory.build_media_children(config, len(files)) as media:
        for number, (video, path) in enumerate(zip(chunk.videos, files, strict=True)):
            asset_id = f"{number:064x}"
            bronze = BronzeVideo(
                asset_id=asset_id,
                size_bytes=path.stat().st_size,
                raw_key=f"bronze/00/{asset_id}/raw",
                media=media.probe_port().probe(path).media,
            )
            lake.put_file(bronze.raw_key, path)
            videos.append(video.model_copy(update={"bronze": bronze}))
    return chunk.model_copy(update={"videos": tuple(videos)})


@contextmanager
def silver_task(config: Settings, chunk: Chunk, embedder: Embedder) -> Iterator[chunks.Step]:
    """Silver's step, with child processes of its own."""
    with (
        factory.build_media_children(config, len(chunk.videos), decode=True) as media,
        MicroBatcher(embedder, config.silver.embed_batch_size) as batcher,
    ):
        yield silver_step(config, chunk, MemoryLeases(), media, batcher)
