"""A recording client and a small collection on the session's embedded Qdrant."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import httpx
import pytest
import uvicorn
from qdrant_client import QdrantClient, models

from datalake.embedded.qdrant.app import application
from datalake.embedded.qdrant.catalog import Catalog

Calls = list[tuple[str, str]]


@pytest.fixture(scope="package")
def qdrant_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server in a thread of this process, where coverage sees it; test_main runs the real process."""
    catalog = Catalog(tmp_path_factory.mktemp("qdrant"))
    server = uvicorn.Server(uvicorn.Config(application(catalog), log_config=None))
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield "http://{}:{}".format(*listener.getsockname())
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def calls() -> Calls:
    """(method, path) of every request that `client` and `raw` sent in this test."""
    return []


@pytest.fixture
def record(calls: Calls) -> Callable[[httpx.Request], None]:
    def note(request: httpx.Request) -> None:
        calls.append((request.method, unquote(request.url.path)))

    return note


@pytest.fixture
def client(qdrant_url: str, record: Callable[[httpx.Request], None]) -> Iterator[QdrantClient]:
    client = QdrantClient(url=qdrant_url, check_compatibility=False, timeout=30)

    def noted(request: httpx.Request, send: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        record(request)
        return send(request)

    client.http.client.add_middleware(noted)
    yield client
    client.close()


@pytest.fixture
def raw(qdrant_url: str, record: Callable[[httpx.Request], None]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=qdrant_url, timeout=30, event_hooks={"request": [record]}) as client:
        yield client


@pytest.fixture
def empty(client: QdrantClient) -> Iterator[str]:
    """Name of a fresh empty collection of four numbers a vector."""
    name = f"test-{uuid.uuid4().hex}"
    client.create_collection(
        name,
        models.VectorParams(size=4, distance=models.Distance.COSINE),
        metadata={"model": "m", "fingerprint": "f"},
    )
    yield name
    client.delete_collection(name)


@pytest.fixture
def filled(client: QdrantClient, empty: str) -> str:
    """Points 1 to 4 along the four axes: `color` red, green, blue, none; `size` 1 to 4; lists of `tags`."""
    client.create_payload_index(empty, "color", models.PayloadSchemaType.KEYWORD)
    client.create_payload_index(empty, "size", models.PayloadSchemaType.INTEGER)
    client.create_payload_index(empty, "day", models.PayloadSchemaType.DATETIME)
    payloads: list[dict[str, object]] = [
        {"color": "red", "size": 1, "tags": ["a"], "day": "2026-01-01T00:00:00Z"},
        {"color": "green", "size": 2, "tags": ["a", "b"], "day": "2026-02-01T00:00:00Z"},
        {"color": "blue", "size": 3, "tags": [], "day": "2026-03-01T00:00:00Z"},
        {"size": 4, "color": None, "day": "2026-04-01T00:00:00Z"},
    ]
    vectors = [[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]]
    client.upsert(empty, models.Batch(ids=[1, 2, 3, 4], vectors=vectors, payloads=payloads))
    return empty
