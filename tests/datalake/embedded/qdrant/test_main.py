"""The process: what survives a kill, who may serve a folder, and the optimising run."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException

from datalake.embedded.process import free_port, python_argv, wait_until
from datalake.embedded.qdrant.__main__ import main
from datalake.embedded.qdrant.catalog import Catalog
from datalake.embedded.qdrant.errors import DataFolderError
from datalake.embedded.qdrant.optimize import optimize_all
from datalake.embedded.qdrant.server import QdrantServer

NAME = "frames-test"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[QdrantServer]:
    """A server of the test's own, to be killed and started again."""
    with QdrantServer(tmp_path / "data", free_port()) as server:
        yield server


@pytest.fixture
def client(server: QdrantServer) -> Iterator[QdrantClient]:
    client = QdrantClient(url=server.url, check_compatibility=False, timeout=30)
    yield client
    client.close()


def _create(client: QdrantClient, size: int = 8) -> None:
    vectors = models.VectorParams(size=size, distance=models.Distance.COSINE)
    client.create_collection(NAME, vectors, metadata={"model": "m"})
    client.create_payload_index(NAME, "generation", models.PayloadSchemaType.INTEGER)


def _write_until_the_end(client: QdrantClient, acknowledged: list[int], begun: threading.Event) -> None:
    for first in range(0, 1_000_000, 5):
        ids = list(range(first, first + 5))
        batch = models.Batch(ids=ids, vectors=[[1.0] * 8] * 5, payloads=[{"generation": i} for i in ids])
        try:
            client.upsert(NAME, batch, wait=True)
        except ResponseHandlingException:
            return
        acknowledged.extend(ids)
        if first > 100:
            begun.set()


def test_an_acknowledged_write_survives_kill_9(server: QdrantServer, client: QdrantClient) -> None:
    _create(client)
    acknowledged: list[int] = []
    begun = threading.Event()
    writer = threading.Thread(target=_write_until_the_end, args=(client, acknowledged, begun))
    writer.start()
    assert begun.wait(60)
    server.kill()
    writer.join(60)
    server.start()
    found = {record.id: record.payload for record in client.scroll(NAME, limit=1_000_000)[0]}
    assert len(acknowledged) > 100
    assert {i: found.get(i) for i in acknowledged} == {i: {"generation": i} for i in acknowledged}
    info = client.get_collection(NAME)
    assert info.config.metadata == {"model": "m"}
    assert info.payload_schema["generation"].data_type == models.PayloadSchemaType.INTEGER


def test_deletions_and_payload_changes_survive_kill_9(server: QdrantServer, client: QdrantClient) -> None:
    _create(client)
    client.upsert(NAME, models.Batch(ids=[1, 2, 3], vectors=[[1.0] * 8] * 3))
    client.delete(NAME, [1])
    client.set_payload(NAME, {"video_ids": ["a"]}, [2])
    client.create_collection("dropped", models.VectorParams(size=2, distance=models.Distance.DOT))
    client.delete_collection("dropped")
    server.kill()
    server.start()
    records = client.scroll(NAME)[0]
    assert {record.id: record.payload for record in records} == {2: {"video_ids": ["a"]}, 3: {}}
    assert [collection.name for collection in client.get_collections().collections] == [NAME]


def test_sigterm_ends_it_in_order(server: QdrantServer, client: QdrantClient) -> None:
    _create(client)
    client.upsert(NAME, models.Batch(ids=[1], vectors=[[1.0] * 8]))
    server.stop(grace_s=20)
    assert "Application shutdown complete" in server.log.read_text()
    catalog = Catalog(server.folder)
    assert catalog.get(NAME).info().points_count == 1
    catalog.close()


def test_one_process_a_folder(server: QdrantServer) -> None:
    argv = python_argv("datalake.embedded.qdrant", "--data", server.folder, "--port", "0")
    second = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "is served by another process" in second.stderr
    assert "Traceback" not in second.stderr
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_port_in_use_is_one_clear_line(server: QdrantServer, tmp_path: Path) -> None:
    argv = python_argv("datalake.embedded.qdrant", "--data", tmp_path / "other", "--port", str(server.port))
    second = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "Address already in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_half_made_collection_is_cleared_away(server: QdrantServer, client: QdrantClient) -> None:
    _create(client)
    server.kill()
    half = server.folder / "collections" / ".half-1234"
    half.mkdir()
    (half / "collection.json").write_text("{")
    server.start()
    assert not half.exists()
    assert [collection.name for collection in client.get_collections().collections] == [NAME]


def test_a_damaged_collection_is_named(server: QdrantServer, client: QdrantClient) -> None:
    _create(client)
    server.stop()
    (server.folder / "collections" / NAME / "collection.json").write_text("{")
    with pytest.raises(DataFolderError, match=f"{NAME} cannot be read"):
        Catalog(server.folder)


def test_optimising_indexes_large_collections_only(server: QdrantServer, client: QdrantClient) -> None:
    _create(client, size=4096)
    vectors = np.random.default_rng(0).normal(size=(700, 4096))
    for first in range(0, 700, 100):
        batch = models.Batch(
            ids=list(range(first, first + 100)), vectors=vectors[first : first + 100].tolist()
        )
        client.upsert(NAME, batch)
    server.stop()
    assert optimize_all(server.folder, min_unindexed_points=701) == []
    assert optimize_all(server.folder, min_unindexed_points=700) == [NAME]
    server.start()
    info = client.get_collection(NAME)
    assert (info.points_count, info.indexed_vectors_count) == (700, 700)
    assert client.query_points(NAME, vectors[42].tolist(), limit=1).points[0].id == 42


def test_optimising_alone_ends_by_itself(tmp_path: Path) -> None:
    assert main(["--data", str(tmp_path), "--optimize"]) == 0


def test_nothing_to_do_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--data", str(tmp_path)])
    assert (exit_.value.code, "--port" in capsys.readouterr().err) == (2, True)


def test_a_folder_in_use_cannot_be_optimised(server: QdrantServer, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["--data", str(server.folder), "--optimize"]) == 1
    assert "is served by another process" in caplog.text


class _OptimisingServer(QdrantServer):
    """Optimises by itself before it serves."""

    def argv(self) -> list[str]:
        return [*super().argv(), "--optimize"]


def test_serving_may_begin_with_optimising(tmp_path: Path) -> None:
    with _OptimisingServer(tmp_path / "data", free_port()) as server:
        assert httpx.get(f"{server.url}/collections").json()["result"] == {"collections": []}


def test_a_killed_optimiser_harms_nothing(server: QdrantServer, client: QdrantClient) -> None:
    _create(client, size=2048)
    vectors = np.random.default_rng(0).normal(size=(2000, 2048))
    for first in range(0, 2000, 100):
        batch = models.Batch(
            ids=list(range(first, first + 100)), vectors=vectors[first : first + 100].tolist()
        )
        client.upsert(NAME, batch)
    server.stop()
    code = "import sys, pathlib; from datalake.embedded.qdrant.optimize import optimize_all as run; "
    code += "run(pathlib.Path(sys.argv[1]), min_unindexed_points=1)"
    with subprocess.Popen([sys.executable, "-c", code, str(server.folder)]) as optimiser:
        shard = server.folder / "collections" / NAME / "shard"
        assert wait_until(lambda: any((shard / "temp_segments").glob("*")), 60)
        optimiser.kill()
    server.start()
    assert client.count(NAME).count == 2000
    assert client.query_points(NAME, vectors[42].tolist(), limit=1).points[0].id == 42
