"""Search shows what is live, and only that: on the fake index and on the real engine."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from datalake.adapters.memory.catalog import MemoryCatalog
from datalake.adapters.memory.vector_index import MemoryVectorIndex
from datalake.adapters.ports import Embedder, Embedding, Image, Point, Vector, VectorIndex
from datalake.adapters.postgres.versions import CurrentVideo
from datalake.adapters.qdrant.index import QdrantVectorIndex
from datalake.common_func import point_id
from datalake.contracts import WorkIdentity
from datalake.errors import ConfigurationError
from datalake.serving.search import EmbedderQueryEncoder, Search
from tests.engine import qdrant_server

MODEL = "open_clip:ViT-B-32/laion2b"
WORDS = ("rabbit", "bicycle", "person", "house")


class WordEmbedder(Embedder):
    """A word has an axis of its own."""

    model = MODEL
    fingerprint = "f"
    dim = len(WORDS)

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        raise AssertionError("search embeds no images")

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        return [np.array([word in text for word in WORDS], np.float32) for text in texts]


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with qdrant_server(tmp_path_factory.mktemp("qdrant")) as url:
        yield url


@pytest.fixture(params=["memory", "qdrant"])
def index(request: pytest.FixtureRequest) -> Iterator[VectorIndex]:
    if request.param == "memory":
        yield MemoryVectorIndex()
        return
    url = request.getfixturevalue("qdrant_url")
    with QdrantVectorIndex(url, "lake://{}".format, prefix=f"t{uuid.uuid4().hex[:8]}") as index:
        yield index


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog()


@pytest.fixture
def search(index: VectorIndex, catalog: MemoryCatalog) -> Search:
    index.ensure_collection(MODEL, "f", len(WORDS))
    return Search(EmbedderQueryEncoder(WordEmbedder()), index, catalog)


def work_of(content: str) -> WorkIdentity:
    return WorkIdentity(asset_id=(content * 64)[:64], model=MODEL, settings_hash="0" * 16)


def put(search: Search, content: str, words: str, *videos: str, frames: int = 1) -> WorkIdentity:
    """Points of a work, each a little further from the words than the one before."""
    work = work_of(content)
    vector = search.encoder.vector(words)
    points = [
        Point(
            point_id(work, number),
            vector + np.float32(0.001 * number),
            {
                **work.model_dump(),
                "video_ids": list(videos),
                "platform": sorted({video.partition("/")[0] for video in videos}),
                "time_us": number,
                "timestamp_s": number / 1e6,
                "frame_key": f"{work.prefix}/images/{number:012d}.jpg",
                "labels": [],
            },
        )
        for number in range(frames)
    ]
    search.vector_index.upsert(MODEL, points, 1)
    return work


def show(catalog: MemoryCatalog, video: str, work: WorkIdentity) -> None:
    platform, _, video_id = video.partition("/")
    current = CurrentVideo(uuid.uuid4(), (1, 0, 0), work, "file:///x", None)
    catalog.videos[platform, video_id] = current


def found(search: Search, words: str, limit: int = 10, platform: str | None = None) -> list[str]:
    return [f"{hit.platform}/{hit.video_id}" for hit in search(words, limit, platform)]


def test_best_video_comes_first(search: Search, catalog: MemoryCatalog) -> None:
    show(catalog, "a/1", put(search, "a", "a rabbit", "a/1"))
    show(catalog, "a/2", put(search, "b", "a bicycle", "a/2"))
    assert found(search, "bicycle race") == ["a/2", "a/1"]
    assert found(search, "rabbit", limit=1) == ["a/1"]


def test_video_that_shows_other_work_is_dropped(search: Search, catalog: MemoryCatalog) -> None:
    old = put(search, "a", "a rabbit", "a/1")
    show(catalog, "a/1", put(search, "b", "a bicycle", "a/1"))
    hits = search("rabbit")
    assert old.asset_id not in {hit.asset_id for hit in hits}
    assert len(hits) == 1


def test_other_settings_of_the_same_asset_are_dropped(search: Search, catalog: MemoryCatalog) -> None:
    work = put(search, "a", "a rabbit", "a/1")
    show(catalog, "a/1", work.model_copy(update={"settings_hash": "1" * 16}))
    assert search("rabbit") == []


def test_unknown_video_is_dropped_and_its_twin_stays(search: Search, catalog: MemoryCatalog) -> None:
    show(catalog, "a/2", put(search, "a", "a rabbit", "a/1", "a/2"))
    assert found(search, "rabbit") == ["a/2"]


def test_places_of_dropped_hits_are_filled(search: Search, catalog: MemoryCatalog) -> None:
    put(search, "a", "a rabbit", "a/gone", frames=30)
    show(catalog, "a/live", put(search, "b", "rabbit and house", "a/live", frames=3))
    assert found(search, "rabbit", limit=2) == ["a/live", "a/live"]


def test_platform_narrows(search: Search, catalog: MemoryCatalog) -> None:
    work = put(search, "a", "a rabbit", "a/1", "b/1")
    for video in ("a/1", "b/1"):
        show(catalog, video, work)
    assert found(search, "rabbit", platform="b") == ["b/1"]
    assert found(search, "rabbit", platform="c") == []
    assert len(found(search, "rabbit", limit=1)) == 1


@pytest.mark.parametrize("words", ["", "  \n"])
def test_empty_question_is_refused(search: Search, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("give some words")):
        search(words)
