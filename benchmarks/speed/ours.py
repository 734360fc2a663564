"""What we do: silver as its task runs it, and parts of it.

The model is built before the clock runs, for all contenders, and libraries are loaded, as they are before
a task (`datalake.preload`). Silver's child processes start while the model is built, as in a task; without a
model they start while the clock runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.silver_chunk import after_bronze, silver_task
from benchmarks.speed.work import Work
from datalake import chunks, factory, settings
from datalake.adapters.embedders import runtime  # noqa: F401 - PyTorch, as a task has it
from datalake.adapters.embedders.wrapped import WrappedEmbedder
from datalake.adapters.memory import embedder as fakes
from datalake.adapters.ports import Embedder, Embedding, Image, Sampling, Vector
from datalake.contracts import Chunk, Options, VideoProgress
from datalake.errors import Stopped
from datalake.stopping import StopSign, stoppable


def silver(work: Work) -> dict[str, int]:
    """Silver's task with ViT-B/32: frames, quality, hashes, embeddings, images, Parquet."""
    config = _with_model(work.options.get("batch"))
    return _silver(work, config, factory.build_embedder(config))


def silver_decoded_in_software(work: Work) -> dict[str, int]:
    """The same where a GPU would decode."""
    config = _with_model(work.options.get("batch"), decode_device="cpu")
    return _silver(work, config, factory.build_embedder(config))


def silver_without_model(work: Work) -> dict[str, int]:
    """The same with an embedder that does next to nothing."""
    return _silver(work, _keeping_all(), fakes.MemoryEmbedder())


def frames(work: Work) -> dict[str, int]:
    """The wanted frames alone, as silver is given them."""
    return {"frames": _decoded(work, work.interval_s)}


def dense_frames(work: Work) -> dict[str, int]:
    """The same, 25 times as many."""
    return {"dense_frames": _decoded(work, work.interval_s / 25)}


def _decoded(work: Work, interval_s: float) -> int:
    config = settings.load()
    with (
        factory.build_media_children(config, len(work.files)) as media,
        ThreadPoolExecutor(work.threads) as pool,
    ):
        facts = {path: media.probe_port().probe(path).media for path in work.files}
        sampling = Sampling(interval_s, 10_000, config.silver.window_max_bytes)

        def decoded(path: Path) -> int:
            with media.frame_source(path, facts[path]) as source:
                return sum(len(source.decoded(window).frames) for window in source.windows(sampling))

        with work.clock():
            return sum(pool.map(decoded, work.files))


def first_image(work: Work) -> dict[str, int]:
    """From the opening of a file until one of its images is in the lake; then the video is stopped."""
    sign, embedder = StopSign(), _warm(factory.build_embedder(_with_model()))
    with _landed(work, _with_model()) as (config, chunk, lake_folder), ThreadPoolExecutor(1) as pool:

        def stopped(video: VideoProgress) -> None:
            with silver_task(config, chunk, embedder) as step, stoppable(sign), suppress(Stopped):
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


def _with_model(batch: int | None = None, **silver: Any) -> settings.Settings:
    from benchmarks.speed.model import ARCH, checkpoint

    return _keeping_all(embedder=f"open_clip:{ARCH}/{checkpoint()}", embed_batch_size=batch, **silver)


def _keeping_all(**silver: Any) -> settings.Settings:
    """The settings of this machine, but near-duplicates are kept: all contenders do the same work."""
    return replace(settings.load(), silver=settings.SilverSettings(duplicate_max_bits=-1, **silver))


def _silver(work: Work, config: settings.Settings, embedder: Embedder) -> dict[str, int]:
    counted = _Counted(embedder)
    with _landed(work, config) as (config, chunk, lake_folder), ExitStack() as task:
        step = task.enter_context(silver_task(config, chunk, counted))
        _warm(embedder)
        with work.clock():
            done = chunks.run(chunk, step, config.silver.videos_at_once)
            task.close()
        return {**_stored(done, lake_folder), "batches": counted.batches}


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
    options = Options(interval_s=work.interval_s, sampling=work.options.get("sampling", "interval"))
    with TemporaryDirectory() as folder:
        config = replace(config, lake=settings.LakeSettings(lake_uri=Path(folder).as_uri()))
        yield config, after_bronze(work.files, config, options), Path(folder)


class _Counted(WrappedEmbedder):
    """Counts the batches that an embedder gets; the first one only warms it up."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.batches = -1

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        self.batches += 1
        return self._embedder.embed(images)

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        return self._embedder.embed_text(texts)
