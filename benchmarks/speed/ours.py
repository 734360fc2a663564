"""What we do: silver as its task runs it, and parts of it.

Without PostgreSQL: leases are kept in memory, and nobody notes attempts. The model is built before the clock
runs, for all contenders, and PyTorch is loaded, as it is before every task (`datalake.preload`); silver's
child processes start while it runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np
import pyarrow.parquet as pq
import torch  # noqa: F401

from benchmarks.speed.work import Work
from datalake import chunks, factory, settings
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory import embedder as fakes
from datalake.adapters.memory import leases
from datalake.adapters.ports import Embedder, Lake, Sampling
from datalake.contracts import BronzeVideo, Chunk, ClaimedVideo, Options, VideoArrived, VideoProgress
from datalake.errors import Stopped
from datalake.steps.silver import silver_step
from datalake.stopping import StopSign, stoppable


def silver(work: Work) -> dict[str, int]:
    """Silver's task with ViT-B/32: frames, quality, hashes, embeddings, images, Parquet."""
    config = _with_model()
    return _silver(work, config, factory.build_embedder(config))


def silver_without_model(work: Work) -> dict[str, int]:
    """The same with an embedder that does next to nothing."""
    return _silver(work, _keeping_all(), fakes.MemoryEmbedder())


def frames(work: Work) -> dict[str, int]:
    """The wanted frames alone, as silver is given them."""
    config = settings.load()
    with (
        factory.build_media_children(config, len(work.files)) as media,
        ThreadPoolExecutor(work.threads) as pool,
    ):
        facts = {path: media.probe_port().probe(path).media for path in work.files}
        sampling = Sampling(work.interval_s, 10_000, config.silver.window_max_bytes)

        def decoded(path: Path) -> int:
            with media.frame_source(path, facts[path]) as source:
                return sum(len(source.decoded(window).frames) for window in source.windows(sampling))

        with work.clock():
            counts = list(pool.map(decoded, work.files))
    return {"frames": sum(counts)}


def first_image(work: Work) -> dict[str, int]:
    """From the opening of a file until one of its images is in the lake; then the video is stopped."""
    sign, embedder = StopSign(), _warm(factory.build_embedder(_with_model()))
    with _landed(work, _with_model()) as (config, chunk, lake_folder), ThreadPoolExecutor(1) as pool:

        def stopped(video: VideoProgress) -> None:
            with _silver_step(config, chunk, embedder) as step, stoppable(sign), suppress(Stopped):
                step(video)

        with work.clock():
            running = pool.submit(stopped, chunk.videos[0])
            while not any(lake_folder.rglob("*.jpg")):
                assert not running.done(), "the video ended without an image"
                time.sleep(0.005)
        sign.set()
        running.result()
    return {"videos": 1}


def embedding(work: Work) -> dict[str, int]:
    """Images of the model's own size through our embedder, so many at a time."""
    from benchmarks.speed.model import SIDE_PX

    embedder = factory.build_embedder(_with_model())
    images = np.random.default_rng(0).integers(0, 256, (work.options["batch"], SIDE_PX, SIDE_PX, 3), np.uint8)
    embedder.embed(list(images))
    count = 0
    with work.clock():
        while count < work.options["frames"]:
            count += len(embedder.embed(list(images)))
    return {"frames": count}


def _with_model() -> settings.Settings:
    from benchmarks.speed.model import ARCH, checkpoint

    return _keeping_all(embedder=f"open_clip:{ARCH}/{checkpoint()}")


def _keeping_all(**silver: str) -> settings.Settings:
    """The settings of this machine, but near-duplicates are kept: all contenders do the same work."""
    return replace(settings.load(), silver=settings.SilverSettings(duplicate_max_bits=-1, **silver))


def _silver(work: Work, config: settings.Settings, embedder: Embedder) -> dict[str, int]:
    _warm(embedder)
    with _landed(work, config) as (config, chunk, lake_folder):
        with work.clock(), _silver_step(config, chunk, embedder) as step:
            done = chunks.run(chunk, step, config.silver.videos_at_once)
        return _stored(done, lake_folder)


def _stored(done: Chunk, lake_folder: Path) -> dict[str, int]:
    """What the lake holds; that the records say the same is asserted."""
    images = sum(1 for _ in lake_folder.rglob("*.jpg"))
    columns = [pq.read_table(part, columns=["vector"])["vector"] for part in lake_folder.rglob("*.parquet")]
    vectors = sum(len(column) - column.null_count for column in columns)
    said = sum(video.silver.kept_count for video in done.videos if video.silver)
    assert images == vectors == said, f"{images} images, {vectors} vectors, but {said} frames are said to be"
    return {"frames": images}


def _warm(embedder: Embedder) -> Embedder:
    """The embedder after its first image."""
    embedder.embed([np.zeros((64, 64, 3), np.uint8)])
    assert embedder.fingerprint
    return embedder


@contextmanager
def _landed(work: Work, config: settings.Settings) -> Iterator[tuple[settings.Settings, Chunk, Path]]:
    """The settings with a lake of their own, the files after bronze, and the lake's folder."""
    with TemporaryDirectory() as folder:
        config = replace(config, lake=settings.LakeSettings(lake_uri=Path(folder).as_uri()))
        with factory.build_media_children(config, len(work.files)) as media:
            chunk = _after_bronze(work, factory.build_lake(config), media)
        yield config, chunk, Path(folder)


@contextmanager
def _silver_step(config: settings.Settings, chunk: Chunk, embedder: Embedder) -> Iterator[chunks.Step]:
    """Silver's step, with children of its own."""
    with (
        factory.build_media_children(config, len(chunk.videos), decode=True) as media,
        MicroBatcher(embedder, config.silver.embed_batch_size) as batcher,
    ):
        yield silver_step(config, chunk, leases.MemoryLeases(), media, batcher)


def _after_bronze(work: Work, lake: Lake, media: MediaChildren) -> Chunk:
    options = Options(interval_s=work.interval_s, sampling=work.options.get("sampling", "interval"))
    claimed = [
        ClaimedVideo(
            message_id=uuid4(),
            batch_id=uuid4(),
            attempt=1,
            run_id="run",
            version=(1, 0, 0),
            arrived=VideoArrived(event_id=uuid4(), video_id=path.stem, uri=path.as_uri(), options=options),
        )
        for path in work.files
    ]
    (chunk,) = chunks.split(claimed, len(claimed))
    videos = []
    for number, (video, path) in enumerate(zip(chunk.videos, work.files, strict=True)):
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
