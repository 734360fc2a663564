"""After silver: real children, a real lake folder, and only what was asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.frame_table import ParquetFrameTable
from datalake.adapters.lake import FileLake
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.memory.leases import MemoryLeases
from datalake.contracts import BronzeVideo, Chunk, ClaimedVideo, Options, VideoArrived, VideoProgress
from datalake.settings import BronzeSettings, LakeSettings, QualitySettings, SilverSettings
from datalake.silver_layer.identity import effective_options
from datalake.steps.refinement import Refinement
from datalake.steps.workshop import Workshop
from tests.clips import clip
from tests.limits import ROOMY

OPTIONS_OF = partial(effective_options, silver=SilverSettings(), lake=LakeSettings(), bronze=BronzeSettings())
BATCH = uuid4()


@pytest.fixture
def media() -> Iterator[MediaChildren]:
    with MediaChildren(slots=1, limits=ROOMY) as children:
        yield children


class CountingLake(FileLake):
    """Counts how often an object was asked for as a file, which a lake on S3 has to download."""

    fetched = 0

    def local_path(self, key: str) -> AbstractContextManager[Path]:
        self.fetched += 1
        return super().local_path(key)


@pytest.fixture
def lake(tmp_path: Path) -> CountingLake:
    return CountingLake(tmp_path / "lake")


@pytest.fixture
def workshop(lake: FileLake, media: MediaChildren) -> Iterator[Workshop]:
    chunk = Chunk(label="test", batch_id=BATCH, attempt=1, videos=())
    with MicroBatcher(MemoryEmbedder(), batch_size=8) as embedder:
        yield Workshop(chunk, SilverSettings(), OPTIONS_OF, MemoryLeases(), lake, media, embedder)


@pytest.fixture
def through_silver(lake: FileLake, media: MediaChildren, workshop: Workshop, tmp_path: Path):
    """A clip that has passed bronze and silver, with these options."""
    path = clip(tmp_path, frames=45)
    asset_id = hashlib.sha256(path.read_bytes()).hexdigest()
    bronze = BronzeVideo(
        asset_id=asset_id,
        size_bytes=path.stat().st_size,
        raw_key=f"bronze/{asset_id[:2]}/{asset_id}/raw",
        media=media.probe_port().probe(path).media,
    )
    lake.put_file(bronze.raw_key, path)

    def through(**options: object) -> VideoProgress:
        arrived = VideoArrived(
            event_id=uuid4(), video_id="clip", uri=path.as_uri(), options=Options.model_validate(options)
        )
        claimed = ClaimedVideo(
            message_id=uuid4(), batch_id=BATCH, attempt=1, run_id="run", version=(1, 0, 0), arrived=arrived
        )
        return workshop.silver_of(VideoProgress(claimed=claimed, bronze=bronze))

    return through


@pytest.fixture
def refine(lake: FileLake, media: MediaChildren):
    def refine(video: VideoProgress, defaults: tuple[str, ...] = (), **thresholds: float) -> VideoProgress:
        quality = QualitySettings(**thresholds)
        return Refinement(quality, defaults, OPTIONS_OF, lake, ParquetFrameTable(lake), media).refined(video)

    return refine


def names(video: VideoProgress) -> list[str]:
    assert video.derivatives is not None
    return [item.name for item in video.derivatives.items]


def test_every_video_is_assessed_and_nothing_is_made_unasked(through_silver, refine) -> None:
    video = refine(through_silver())
    assert video.assessment.asset_id == video.bronze.asset_id
    assert video.assessment.metadata.width_px == video.bronze.media.video.width_px
    assert video.assessment.quality.frame_count == video.silver.frame_count == 2
    assert names(video) == []


@pytest.mark.parametrize(
    ("asked", "made"), [(None, ["poster"]), ((), []), (("proxy_144p", "poster"), ["poster", "proxy_144p"])]
)
def test_the_message_decides_what_is_made_and_else_the_settings(through_silver, refine, lake, asked, made):
    video = refine(through_silver(derivatives=asked), defaults=("poster",))
    assert names(video) == made
    assert all(lake.exists(item.key) for item in video.derivatives.items)


def test_the_video_is_fetched_only_for_a_proxy_that_is_missing(through_silver, refine, lake) -> None:
    poster = through_silver(derivatives=("poster",))
    proxy = through_silver(derivatives=("poster", "proxy_144p"))
    lake.fetched = 0
    refine(poster)
    assert lake.fetched == 0
    first = refine(proxy)
    assert lake.fetched == 1
    assert refine(proxy) == first
    assert lake.fetched == 1


def test_thresholds_change_the_verdict_and_not_the_work(through_silver, refine) -> None:
    silver = through_silver()
    mild, hard = refine(silver, dark_max=0), refine(silver, dark_max=255)
    assert (mild.assessment.quality.is_black, hard.assessment.quality.is_black) == (False, True)
    assert mild.silver == hard.silver


def test_a_video_without_pictures_is_assessed_and_gets_no_files(through_silver, refine) -> None:
    video = through_silver(derivatives=("poster", "proxy_144p"), validation_mode="report-only")
    bare = video.model_copy(update={"bronze": video.bronze.model_copy(update={"media": None})})
    assert names(refine(bare)) == []
