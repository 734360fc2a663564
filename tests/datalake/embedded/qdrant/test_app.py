"""What is refused, and how: never a 500, always a reason, and nothing is harmed."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from datalake.embedded.qdrant.app import MAX_BODY_BYTES
from datalake.embedded.qdrant.endpoints import ENDPOINTS
from datalake.embedded.qdrant.server import QdrantServer

OK = [1.0, 0, 0, 0]


def _point(**parts: Any) -> dict[str, Any]:
    return {"points": [{"id": 9, "vector": OK, **parts}]}


def _must(condition: dict[str, Any]) -> dict[str, Any]:
    return {"filter": {"must": [condition]}}


BAD = {
    "three numbers": ("PUT", "points", _point(vector=[1, 0, 0]), "expects 4, got 3"),
    "one bad of two": (
        "PUT",
        "points",
        {"batch": {"ids": [9, 10], "vectors": [OK, [1]]}},
        "expects 4, got 1",
    ),
    "columns of unequal length": (
        "PUT",
        "points",
        {"batch": {"ids": [9, 10], "vectors": [OK]}},
        "2 ids, 1 vec",
    ),
    "no vector": ("PUT", "points", {"points": [{"id": 9}]}, "points.0.vector"),
    "empty vector": ("PUT", "points", _point(vector=[]), "points.0.vector"),
    "words": ("PUT", "points", _point(vector=["a", 0, 0, 0]), "points.0.vector.0"),
    "too large for float32": ("PUT", "points", _point(vector=[1e39, 0, 0, 0]), "points.0.vector.0"),
    "not a number": ("PUT", "points", b'{"points": [{"id": 9, "vector": [NaN, 0, 0, 0]}]}', "vector.0"),
    "NaN in the payload": (
        "PUT",
        "points",
        b'{"points": [{"id": 9, "vector": [1, 0, 0, 0], "payload": {"x": NaN}}]}',
        "NaN",
    ),
    "lone surrogate": (
        "PUT",
        "points",
        b'{"points": [{"id": 9, "vector": [1, 0, 0, 0], "payload": {"x": "\\ud800"}}]}',
        "hex escape",
    ),
    "payload is a list": ("PUT", "points", _point(payload=[1]), "points.0.payload"),
    "negative id": ("PUT", "points", _point(id=-1), "points.0.id"),
    "65-bit id": ("PUT", "points", _point(id=2**64), "points.0.id"),
    "word as id": ("PUT", "points", _point(id="nine"), "points.0.id"),
    "truth as id": ("PUT", "points", _point(id=True), "points.0.id"),
    "both forms": (
        "PUT",
        "points",
        {"points": [], "batch": {"ids": [], "vectors": []}},
        "either `points` or `batch`",
    ),
    "no JSON": ("PUT", "points", b"{", "Invalid JSON"),
    "no body": ("PUT", "points", b"", "Invalid JSON"),
    "not UTF-8": ("PUT", "points", b'{"points": "\xff"}', "Invalid JSON"),
    "a list": ("PUT", "points", b"[]", "body"),
    "unknown mode": ("PUT", "points", {**_point(), "update_mode": "maybe"}, "update_mode"),
    "query of three": ("POST", "points/query", {"query": [1, 0, 0]}, "expects 4, got 3"),
    "limit zero": ("POST", "points/query", {"query": OK, "limit": 0}, "limit"),
    "limit of 2**40": ("POST", "points/query", {"query": OK, "limit": 2**40}, "limit"),
    "negative offset": ("POST", "points/query", {"query": OK, "offset": -1}, "offset"),
    "filter is a list": ("POST", "points/count", {"filter": []}, "filter"),
    "condition is a word": ("POST", "points/count", {"filter": {"must": ["x"]}}, "condition"),
    "condition without test": ("POST", "points/count", _must({"key": "a"}), "neither `match` nor `range`"),
    "bad path": ("POST", "points/count", _must({"key": "a[", "match": {"value": 1}}), "a["),
    "two matches": (
        "POST",
        "points/count",
        _must({"key": "a", "match": {"value": 1, "any": [1]}}),
        "exactly one",
    ),
    "any of a word": ("POST", "points/count", _must({"key": "a", "match": {"any": "x"}}), "match.any"),
    "any of a mixture": (
        "POST",
        "points/count",
        _must({"key": "a", "match": {"any": ["x", 1]}}),
        "match.any",
    ),
    "match a fraction": ("POST", "points/count", _must({"key": "a", "match": {"value": 1.5}}), "match.value"),
    "match 2**70": ("POST", "points/count", _must({"key": "a", "match": {"value": 2**70}}), ""),
    "no bound": ("POST", "points/count", _must({"key": "a", "range": {}}), "range"),
    "mixed bounds": (
        "POST",
        "points/count",
        _must({"key": "a", "range": {"gt": 1, "lt": "2026-01-01"}}),
        "range",
    ),
    "no date": ("POST", "points/count", _must({"key": "a", "range": {"gt": "tomorrow"}}), ""),
    "has_id of a word": ("POST", "points/count", _must({"has_id": ["x"]}), "point id 'x'"),
    "has_id is no list": ("POST", "points/count", _must({"has_id": 3}), "has_id"),
    "delete nothing in particular": ("POST", "points/delete", {}, "either `points` or `filter`"),
    "delete by both": ("POST", "points/delete", {"points": [1], "filter": {}}, "either `points` or `filter`"),
    "payload for nobody": ("POST", "points/payload", {"payload": {}}, "either `points` or `filter`"),
    "index of no type": ("PUT", "index", {"field_name": "a", "field_schema": "words"}, "field_schema"),
    "index of a bad path": ("PUT", "index", {"field_name": "a[", "field_schema": "keyword"}, "a["),
}


def _send(raw: httpx.Client, method: str, path: str, body: Any) -> httpx.Response:
    if isinstance(body, bytes):
        return raw.request(method, path, content=body)
    return raw.request(method, path, json=body)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_400_with_a_reason_and_changes_nothing(
    raw: httpx.Client, client: QdrantClient, filled: str, case: str
) -> None:
    method, path, body, reason = BAD[case]
    answer = _send(raw, method, f"/collections/{filled}/{path}", body)
    assert (answer.status_code, reason in answer.json()["status"]["error"]) == (400, True), answer.text
    assert [record.id for record in client.scroll(filled)[0]] == [1, 2, 3, 4]


@pytest.mark.parametrize("name", [".hidden", "a:b", "back\\slash", "new\nline", "ü" * 120])
def test_a_name_that_cannot_be_a_folder_is_400(raw: httpx.Client, name: str) -> None:
    body = {"vectors": {"size": 4, "distance": "Cosine"}}
    answer = raw.put(f"/collections/{quote(name, safe='')}", json=body)
    assert (answer.status_code, "is not allowed" in answer.text) == (400, True), answer.text


@pytest.mark.parametrize(
    "vectors", [{"size": 0, "distance": "Cosine"}, {"size": 4, "distance": "Far"}, {"size": 4}]
)
def test_wrong_vector_parameters_are_400(raw: httpx.Client, vectors: dict[str, Any]) -> None:
    answer = raw.put("/collections/never", json={"vectors": vectors})
    assert answer.status_code == 400
    assert not raw.get("/collections/never/exists").json()["result"]["exists"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "/points", _point()),
        ("POST", "/points", {"ids": [1]}),
        ("POST", "/points/query", {"query": OK}),
        ("POST", "/points/count", {}),
        ("POST", "/points/delete", {"points": [1]}),
        ("PUT", "/index", {"field_name": "a", "field_schema": "keyword"}),
    ],
)
def test_a_missing_collection_is_404(raw: httpx.Client, method: str, path: str, body: Any) -> None:
    answer = raw.request(method, f"/collections/missing{path}", json=body)
    assert answer.status_code == 404
    assert answer.json()["status"]["error"] == "Collection `missing` doesn't exist"


UNSUPPORTED = {
    "aliases": ("GET", "/aliases", None, "GET /aliases"),
    "recommend": ("POST", "/collections/{}/points/recommend", {}, "/points/recommend"),
    "batch": ("POST", "/collections/{}/points/batch", {"operations": []}, "/points/batch"),
    "facet": ("POST", "/collections/{}/facet", {"key": "color"}, "/facet"),
    "snapshots": ("POST", "/collections/{}/snapshots", None, "/snapshots"),
    "update collection": ("PATCH", "/collections/{}", {}, "PATCH /collections/"),
    "another method": ("PUT", "/collections", {}, "PUT /collections"),
    "sparse": (
        "PUT",
        "/collections/x",
        {"vectors": {"size": 4, "distance": "Dot"}, "sparse_vectors": {}},
        "sparse_vectors",
    ),
    "named": (
        "PUT",
        "/collections/x",
        {"vectors": {"image": {"size": 4, "distance": "Dot"}}},
        "vectors.image",
    ),
    "named vector": ("PUT", "/collections/{}/points", _point(vector={"image": OK}), "named"),
    "multivector": ("PUT", "/collections/{}/points", _point(vector=[OK, OK]), "multivector"),
    "text index": ("PUT", "/collections/{}/index", {"field_name": "a", "field_schema": "text"}, "`text`"),
    "geo": ("POST", "/collections/{}/points/count", _must({"key": "a", "geo_radius": {}}), "geo_radius"),
    "text match": (
        "POST",
        "/collections/{}/points/count",
        _must({"key": "a", "match": {"text": "x"}}),
        "match.text",
    ),
    "has_vector": ("POST", "/collections/{}/points/count", _must({"has_vector": "x"}), "has_vector"),
    "min_should": (
        "POST",
        "/collections/{}/points/count",
        {"filter": {"min_should": {"conditions": [], "min_count": 1}}},
        "min_should",
    ),
    "order_by": ("POST", "/collections/{}/points/scroll", {"order_by": "size"}, "order_by"),
    "prefetch": ("POST", "/collections/{}/points/query", {"query": OK, "prefetch": []}, "prefetch"),
    "by id": ("POST", "/collections/{}/points/query", {"query": 1}, "by point id"),
    "fusion": ("POST", "/collections/{}/points/query", {"query": {"fusion": "rrf"}}, "fusion"),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_it_lacks_is_501_by_name(raw: httpx.Client, filled: str, case: str) -> None:
    method, path, body, name = UNSUPPORTED[case]
    answer = raw.request(method, path.format(filled), json=body)
    error = answer.json()["status"]["error"]
    assert answer.status_code == 501, answer.text
    assert name in error
    assert "is not supported by the embedded Qdrant" in error


def test_a_body_that_is_too_large_is_413(raw: httpx.Client, filled: str) -> None:
    answer = raw.put(f"/collections/{filled}/points", content=b" " * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, "smaller batches" in answer.text) == (413, True)


def test_an_empty_write_is_no_error(client: QdrantClient, filled: str) -> None:
    client.http.points_api.upsert_points(filled, point_insert_operations=models.PointsList(points=[]))
    assert client.count(filled).count == 4


def test_many_clients_at_once(qdrant_url: str, client: QdrantClient, empty: str) -> None:
    def write_and_search(worker: int) -> int:
        own = QdrantClient(url=qdrant_url, check_compatibility=False)
        for i in range(10):
            ids = [worker * 1000 + i * 10 + j for j in range(10)]
            own.upsert(empty, models.Batch(ids=ids, vectors=[OK] * 10))
            own.query_points(empty, OK, limit=5)
        own.close()
        return 100

    with ThreadPoolExecutor(8) as workers:
        written = sum(workers.map(write_and_search, range(8)))
    assert client.count(empty).count == written


def test_a_collection_may_be_dropped_under_its_users(
    qdrant_url: str, client: QdrantClient, empty: str
) -> None:
    def write_until_gone(worker: int) -> int:
        with httpx.Client(base_url=qdrant_url, timeout=30) as own:
            while True:
                body = {"batch": {"ids": [worker], "vectors": [OK]}}
                answer = own.put(f"/collections/{empty}/points", json=body)
                if answer.status_code != 200:
                    return answer.status_code

    with ThreadPoolExecutor(4) as workers:
        writers = [workers.submit(write_until_gone, worker) for worker in range(4)]
        client.delete_collection(empty)
        assert [writer.result(timeout=60) for writer in writers] == [404] * 4


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(OK)
WORDS = ["points", "filter", "must", "key", "match", "value", "range", "gt", "has_id", "vector", "id", "ids"]
WORDS += ["payload", "batch", "vectors", "query", "limit", "offset", "size", "distance", "field_name"]
JSON = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner)
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode())
ROUTES = [(e.method, e.path) for e in ENDPOINTS if e.method in ("PUT", "POST")]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(ROUTES), body=BODIES)
def test_no_body_breaks_the_server(
    raw: httpx.Client, filled: str, route: tuple[str, str], body: bytes
) -> None:
    method, path = route
    answer = raw.request(method, path.format(collection_name=filled), content=body)
    assert answer.status_code in (200, 400, 404, 409, 501), answer.text


def test_a_client_that_hangs_up_harms_nobody(qdrant_server: QdrantServer, raw: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", qdrant_server.port)) as connection:
        connection.sendall(b"PUT /collections/x/points HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
    assert raw.get("/readyz").status_code == 200
    assert "Traceback" not in qdrant_server.log.read_text()
