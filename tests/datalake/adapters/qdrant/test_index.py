"""What only the real client can show: indexes, races, crashes, and the errors it turns into ours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from qdrant_client import QdrantClient, models

from datalake.adapters.ports import Point
from datalake.adapters.qdrant.index import PAYLOAD_INDEXES, QdrantVectorIndex
from datalake.embedded.process import free_port
from datalake.embedded.qdrant.server import QdrantServer
from datalake.errors import ConfigurationError, VectorStoreUnavailable

PAYLOAD = {
    "video_ids": ["instagram/x"],
    "platform": ["instagram"],
    "asset_id": "a" * 64,
    "settings_hash": "0" * 16,
    "timestamp_s": 0.0,
    "frame_key": "k",
}


@pytest.fixture
def index(qdrant_url: str) -> Iterator[QdrantVectorIndex]:
    with QdrantVectorIndex(qdrant_url, str, prefix=f"test-{uuid.uuid4().hex[:8]}") as index:
        yield index


@pytest.fixture
def client(qdrant_url: str) -> Iterator[QdrantClient]:
    client = QdrantClient(url=qdrant_url, check_compatibility=False)
    yield client
    client.close()


def _points(count: int, dim: int = 4) -> list[Point]:
    vectors = np.random.default_rng(0).normal(size=(count, dim)).astype(np.float32)
    return [Point(uuid.uuid4(), vector, PAYLOAD) for vector in vectors]


def test_collection_and_indexes_are_as_documented(index: QdrantVectorIndex, client: QdrantClient) -> None:
    index.ensure_collection("conse", "abc", 384)
    info = client.get_collection(index.collection("conse"))
    assert info.config.params.vectors == models.VectorParams(size=384, distance=models.Distance.COSINE)
    assert info.config.metadata == {"model": "conse", "fingerprint": "abc", "dim": 384}
    assert {field: schema.data_type for field, schema in info.payload_schema.items()} == PAYLOAD_INDEXES


def test_a_missing_index_is_made_up_for(index: QdrantVectorIndex, client: QdrantClient) -> None:
    index.ensure_collection("conse", "abc", 4)
    client.delete_payload_index(index.collection("conse"), "labels")
    index.ensure_collection("conse", "abc", 4)
    assert client.get_collection(index.collection("conse")).payload_schema.keys() == PAYLOAD_INDEXES.keys()


def test_many_may_ensure_at_once(index: QdrantVectorIndex) -> None:
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda _: index.ensure_collection("conse", "abc", 4), range(16)))
    assert index.count("conse") == 0


def test_more_points_than_one_request_holds(index: QdrantVectorIndex) -> None:
    index.ensure_collection("conse", "abc", 4)
    points = _points(600)
    index.upsert("conse", points, 1)
    assert index.count("conse") == 600
    index.set_holders("conse", [point.point_id for point in points], [], 1)
    assert index.count("conse") == 0


def test_a_collection_of_somebody_else_is_refused(index: QdrantVectorIndex, client: QdrantClient) -> None:
    vectors = models.VectorParams(size=4, distance=models.Distance.COSINE)
    client.create_collection(index.collection("conse"), vectors)
    with pytest.raises(ConfigurationError, match="not made by this pipeline"):
        index.ensure_collection("conse", "abc", 4)


def test_names_are_readable_and_distinct(index: QdrantVectorIndex) -> None:
    assert index.collection("conse").endswith("-conse")
    names = {index.collection(model) for model in ("a/b", "a:b", "a-b", "a b")}
    assert len(names) == 4


def test_nobody_there_is_unavailable_with_address_and_remedy() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with QdrantVectorIndex(url, str) as index, pytest.raises(VectorStoreUnavailable) as error:
        index.count("conse")
    assert url in str(error.value)
    assert "QDRANT_URL" in str(error.value)


@pytest.mark.parametrize("url", ["ftp://localhost:1", "http://localhost:port"])
def test_an_address_that_is_none_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="QDRANT_URL"):
        QdrantVectorIndex(url, str)


def test_a_key_over_plain_http_warns(qdrant_url: str) -> None:
    with pytest.warns(UserWarning, match="insecure connection"):
        QdrantVectorIndex(qdrant_url, str, api_key=SecretStr("secret")).close()


def test_an_outage_is_unavailable_and_the_same_index_goes_on_afterwards(tmp_path: Path) -> None:
    points = _points(3)
    with (
        QdrantServer(tmp_path / "data", free_port()) as server,
        QdrantVectorIndex(server.url, str) as index,
    ):
        index.ensure_collection("conse", "abc", 4)
        index.upsert("conse", points, 1)
        server.kill()
        with pytest.raises(VectorStoreUnavailable):
            index.upsert("conse", points, 1)
        server.start()
        index.upsert("conse", points, 1)
        assert index.count("conse") == 3
