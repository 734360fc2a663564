"""Gold on real parts: PostgreSQL, the Qdrant engine, Parquet; what a search sees after each step."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from datalake.adapters.frame_table import ParquetFrameTable
from datalake.adapters.lake import FileLake
from datalake.adapters.ports import FrameRow, Vector
from datalake.adapters.postgres import execute, transaction
from datalake.adapters.postgres.catalog import PostgresCatalog
from datalake.adapters.qdrant.index import QdrantVectorIndex
from datalake.contracts import WorkIdentity
from datalake.errors import StoreUnavailable
from datalake.frame_parts import frame_table, part_bytes
from datalake.gold_layer import points
from datalake.serving.search import QueryEncoder, Search
from tests.engine import qdrant_server

from .conftest import PostgresMessages, World, compose
from .examples import DIM, MODEL

pytestmark = pytest.mark.postgres


class Everything(QueryEncoder):
    """Any words; equally far from every frame."""

    model = MODEL

    def vector(self, text: str) -> Vector:
        return np.ones(DIM, np.float32)


@dataclass
class LiveWorld(World):
    def store_part(self, work: WorkIdentity, key: str, frames: Sequence[FrameRow]) -> None:
        self.lake.put_bytes(key, part_bytes(frame_table(frames, DIM, {"asset_id": work.asset_id})))

    def found(self) -> set[str]:
        """The videos that a search finds."""
        search = Search(Everything(), self.index, self.catalog)
        return {f"{hit.platform}/{hit.video_id}" for hit in search("anything", limit=50)}


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with qdrant_server(tmp_path_factory.mktemp("qdrant")) as url:
        yield url


@pytest.fixture
def live(postgres_uri: str, qdrant_url: str, tmp_path: Path) -> Iterator[LiveWorld]:
    lake = FileLake(tmp_path / "lake")
    catalog = PostgresCatalog(postgres_uri, compose)
    prefix = f"t{uuid.uuid4().hex[:8]}"
    with QdrantVectorIndex(qdrant_url, lake.uri, prefix=prefix) as index:
        messages = PostgresMessages(catalog, uri=postgres_uri)
        yield LiveWorld(messages, catalog, index, ParquetFrameTable(lake), lake)


def test_video_is_found_with_time_and_frame(live: LiveWorld) -> None:
    gold = live.gold(live.messages.send("a"), "bytes")
    assert (gold.point_count, gold.frame_count) == (3, 4)
    hits = Search(Everything(), live.index, live.catalog)("anything")
    assert sorted(hit.time_s for hit in hits) == [0.0, 0.5, 1.0]
    assert {hit.labels for hit in hits} == {("rabbit",)}
    assert all(hit.frame_uri.startswith("file://") and hit.frame_uri.endswith(hit.frame_key) for hit in hits)


def test_moved_video_vanishes_from_its_old_points_and_others_stay(live: LiveWorld) -> None:
    live.gold(live.messages.send("a", version=1), "shared")
    live.gold(live.messages.send("b", version=1), "shared")
    live.gold(live.messages.send("a", version=2), "own")
    assert live.found() == {"instagram/a", "instagram/b"}
    assert live.index.count(MODEL, live.silver("shared").work) == 3
    live.gold(live.messages.send("b", version=2), "own")
    assert live.found() == {"instagram/a", "instagram/b"}
    assert live.index.count(MODEL, live.silver("shared").work) == 0
    assert live.index.count(MODEL) == 3


def test_twice_is_once_and_old_news_are_no_news(live: LiveWorld) -> None:
    newest = live.messages.send("a", version=5)
    live.gold(newest, "new")
    live.gold(newest, "new")
    assert live.gold(live.messages.send("a", version=4), "old").outcome.reason == "older_version"
    assert live.gold(live.messages.send("a", version=6), "new").outcome.reason == "unchanged"
    assert live.index.count(MODEL) == 3


def test_points_without_rows_are_not_found(live: LiveWorld) -> None:
    """Killed between the two: the points wait unseen for the next try."""
    claimed = live.messages.send("a")
    video = live.refined(claimed, "bytes")
    claim = points.point_claim(video, live.catalog)
    model = points.vector_collection(video, live.index)
    shared = points.shared_payload(video, claim)
    assert points.stored_points(model, claim, shared, video, live.frame_table, live.lake, live.index) == 3
    assert live.found() == set()
    live.gold(claimed, "bytes")
    assert live.found() == {"instagram/a"}
    assert live.index.count(MODEL) == 3


def test_points_written_before_a_restore_can_be_written_after_it(live: LiveWorld) -> None:
    live.gold(live.messages.send("a"), "bytes")
    live.gold(live.messages.send("b"), "bytes")
    with transaction(live.messages.uri) as connection:
        execute(connection, "UPDATE assets SET generation = 0")
    live.gold(live.messages.send("c"), "bytes")
    assert live.found() == {"instagram/a", "instagram/b", "instagram/c"}


def test_many_at_once_agree_with_the_catalog(live: LiveWorld) -> None:
    batch = uuid.uuid4()
    claimed = [
        live.messages.send(f"v{number % 4}", version=number, batch_id=batch, uri=f"file:///{number}")
        for number in range(16)
    ]
    for content in ("even", "odd"):
        live.silver(content)
    with ThreadPoolExecutor(6) as pool:
        golds = list(pool.map(lambda c: live.gold(c, "odd" if c.version[0] // 4 % 2 else "even"), claimed))
    assert all(gold.outcome is not None for gold in golds)
    assert live.found() == {f"instagram/v{number}" for number in range(4)}
    works = live.catalog.live_works([("instagram", f"v{number}") for number in range(4)])
    assert set(works.values()) == {live.silver("odd").work}


def test_lost_part_settles_nothing(live: LiveWorld) -> None:
    claimed = live.messages.send("a")
    live.silver("bytes")
    for part in live.silver("bytes").part_keys:
        with live.lake.local_path(part) as path:
            path.unlink()

    class Lost(LiveWorld):
        def store_part(self, work: WorkIdentity, key: str, frames: Sequence[FrameRow]) -> None:
            """Nothing is written."""

    lost = Lost(live.messages, live.catalog, live.index, live.frame_table, live.lake)
    with pytest.raises(StoreUnavailable, match="not in the lake"):
        lost.gold(claimed, "bytes")
    assert live.messages.outcome(claimed) is None
