"""Every entry of the table, through qdrant-client over HTTP, against the real engine."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from datalake.embedded.qdrant.endpoints import ENDPOINTS

UUID = "0b5cbb5e-6f2b-4d8a-9a55-4b1c4d1d7c11"
X, Y, Z, W = ([1.0 if axis == i else 0.0 for i in range(4)] for axis in range(4))


def covers(*operations: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Says which entries of the table a test exercises; checked against the requests it sent."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        test.__dict__["covers"] = operations
        return test

    return mark


@pytest.fixture(autouse=True)
def _sent_what_it_covers(request: pytest.FixtureRequest, calls: list[tuple[str, str]]) -> Iterator[None]:
    yield
    for operation in getattr(request.function, "covers", ()):
        (endpoint,) = [e for e in ENDPOINTS if e.operation == operation]
        pattern = re.sub(r"\{\w+\}", "[^/]+", endpoint.path)
        assert any(m == endpoint.method and re.fullmatch(pattern, p) for m, p in calls), operation


def test_every_entry_is_covered() -> None:
    tests = vars(sys.modules[__name__]).values()
    covered = {operation for test in tests for operation in getattr(test, "covers", ())}
    assert covered == {endpoint.operation for endpoint in ENDPOINTS}


def test_entries_are_distinct() -> None:
    assert len({(e.method, e.path) for e in ENDPOINTS}) == len({e.operation for e in ENDPOINTS})
    assert len(ENDPOINTS) == len({e.operation for e in ENDPOINTS})


@covers("about")
def test_the_client_finds_the_version_compatible(client: QdrantClient) -> None:
    from importlib.metadata import version

    from qdrant_client.common.version_check import is_compatible

    about = client.info()
    assert "qdrant-edge" in about.title
    assert is_compatible(version("qdrant-client"), about.version)


@covers("healthz", "livez", "readyz")
def test_health(raw: httpx.Client) -> None:
    answers = [raw.get(path) for path in ("/healthz", "/livez", "/readyz")]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert all(answer.headers["content-type"].startswith("text/plain") for answer in answers)


@covers("create_collection", "list_collections", "collection_exists", "delete_collection")
def test_a_collection_comes_and_goes(client: QdrantClient) -> None:
    name = f"test-{uuid.uuid4().hex}"
    assert not client.collection_exists(name)
    assert client.create_collection(name, models.VectorParams(size=4, distance=models.Distance.DOT))
    assert client.collection_exists(name)
    assert name in [collection.name for collection in client.get_collections().collections]
    assert client.delete_collection(name)
    assert not client.delete_collection(name)
    assert not client.collection_exists(name)


def test_a_collection_cannot_be_created_twice(client: QdrantClient, filled: str) -> None:
    with pytest.raises(UnexpectedResponse, match="409"):
        client.create_collection(filled, models.VectorParams(size=8, distance=models.Distance.COSINE))
    assert client.count(filled).count == 4


@covers("get_collection")
def test_a_collection_describes_itself(client: QdrantClient, filled: str) -> None:
    info = client.get_collection(filled)
    assert info.points_count == 4
    assert info.config.params.vectors == models.VectorParams(size=4, distance=models.Distance.COSINE)
    assert info.config.metadata == {"model": "m", "fingerprint": "f"}
    assert {name: index.data_type.value for name, index in info.payload_schema.items()} == {
        "color": "keyword",
        "size": "integer",
        "day": "datetime",
    }


@covers("create_payload_index", "delete_payload_index")
@pytest.mark.parametrize("kind", ["keyword", "integer", "float", "bool", "datetime", "uuid"])
def test_an_index_comes_and_goes(client: QdrantClient, empty: str, kind: str) -> None:
    client.create_payload_index(empty, "field", models.PayloadSchemaType(kind))
    assert client.get_collection(empty).payload_schema["field"].data_type.value == kind
    client.delete_payload_index(empty, "field")
    assert client.get_collection(empty).payload_schema == {}


@covers("upsert_points", "retrieve_points")
def test_points_come_back_as_they_were_written(client: QdrantClient, empty: str) -> None:
    payload = {"text": "naïve 😀 \x00", "list": [1, 2.5, None, True], "object": {"deep": {"er": []}}}
    client.upsert(empty, [models.PointStruct(id=UUID, vector=[0, 3.0, 0, 4.0], payload=payload)])
    client.upsert(empty, models.Batch(ids=[7], vectors=[X]))
    found = {record.id: record for record in client.retrieve(empty, [7, UUID, 99], with_vectors=True)}
    assert found.keys() == {7, UUID}
    assert found[UUID].payload == payload
    assert found[UUID].vector == pytest.approx([0, 0.6, 0, 0.8])  # cosine: kept normalised
    assert found[7].payload == {}


def test_retrieve_gives_only_the_payload_fields_asked_for(client: QdrantClient, filled: str) -> None:
    (some,) = client.retrieve(filled, [1], with_payload=["color", "nothing"])
    (others,) = client.retrieve(filled, [1], with_payload=models.PayloadSelectorExclude(exclude=["day"]))
    (none,) = client.retrieve(filled, [1], with_payload=False)
    assert (some.payload, none.payload, none.vector) == ({"color": "red"}, None, None)
    assert others.payload == {"color": "red", "size": 1, "tags": ["a"]}


def test_upsert_overwrites_only_what_its_filter_matches(client: QdrantClient, filled: str) -> None:
    points = [models.PointStruct(id=i, vector=W, payload={"size": 9}) for i in (1, 3, 5)]
    not_above_two = models.Filter(must=[models.FieldCondition(key="size", range=models.Range(lte=2))])
    client.upsert(filled, points, update_filter=not_above_two)
    sizes = {r.id: (r.payload or {})["size"] for r in client.retrieve(filled, [1, 3, 5])}
    assert sizes == {1: 9, 3: 3, 5: 9}


@pytest.mark.parametrize(("mode", "ids"), [("insert_only", {1: 1, 5: 9}), ("update_only", {1: 9})])
def test_upsert_modes(client: QdrantClient, filled: str, mode: str, ids: dict[int, int]) -> None:
    points = [models.PointStruct(id=i, vector=W, payload={"size": 9}) for i in (1, 5)]
    client.upsert(filled, points, update_mode=models.UpdateMode(mode))
    assert {r.id: (r.payload or {})["size"] for r in client.retrieve(filled, [1, 5])} == ids


@covers("delete_points")
def test_points_are_deleted_by_id_and_by_filter(client: QdrantClient, filled: str) -> None:
    client.delete(filled, [1, 77])
    blue = models.Filter(must=[models.FieldCondition(key="color", match=models.MatchValue(value="blue"))])
    client.delete(filled, models.FilterSelector(filter=blue))
    assert [record.id for record in client.scroll(filled)[0]] == [2, 4]


@covers("set_payload")
def test_payload_is_set_by_id_and_by_filter(client: QdrantClient, filled: str) -> None:
    client.set_payload(filled, {"new": [1]}, [1, 2])
    big = models.Filter(must=[models.FieldCondition(key="size", range=models.Range(gt=3))])
    client.set_payload(filled, {"size": 40}, big)
    records = {record.id: record.payload or {} for record in client.scroll(filled)[0]}
    assert [records[i].get("new") for i in (1, 2, 3, 4)] == [[1], [1], None, None]
    assert [records[i]["size"] for i in (1, 2, 3, 4)] == [1, 2, 3, 40]
    assert records[1]["color"] == "red"


def test_payload_of_a_missing_point_is_404_and_changes_nothing(client: QdrantClient, filled: str) -> None:
    with pytest.raises(UnexpectedResponse, match="No point with id 99"):
        client.set_payload(filled, {"new": 1}, [1, 99])
    (first,) = client.retrieve(filled, [1])
    assert "new" not in (first.payload or {})


def _field(key: str, **test: object) -> models.FieldCondition:
    return models.FieldCondition.model_validate({"key": key, **test})


FILTERS = {
    "value": (models.Filter(must=[_field("color", match={"value": "red"})]), {1}),
    "value in a list": (models.Filter(must=[_field("tags", match={"value": "b"})]), {2}),
    "integer": (models.Filter(must=[_field("size", match={"value": 3})]), {3}),
    "any": (models.Filter(must=[_field("color", match={"any": ["red", "blue"]})]), {1, 3}),
    "except": (models.Filter(must=[_field("color", match={"except": ["red"]})]), {2, 3}),
    "range": (models.Filter(must=[_field("size", range={"gte": 2, "lt": 4})]), {2, 3}),
    "dates": (models.Filter(must=[_field("day", range={"gt": "2026-02-15T00:00:00Z"})]), {3, 4}),
    "has_id": (models.Filter(must=[models.HasIdCondition(has_id=[2, 4, 99])]), {2, 4}),
    "must_not": (models.Filter(must_not=[_field("size", range={"gte": 2})]), {1}),
    "should": (
        models.Filter(should=[_field("size", match={"value": 1}), _field("color", match={"value": "blue"})]),
        {1, 3},
    ),
    "all must": (
        models.Filter(must=[_field("tags", match={"value": "a"}), _field("size", range={"gt": 1})]),
        {2},
    ),
    "nested": (
        models.Filter(must=[models.Filter(should=[models.HasIdCondition(has_id=[1])])]),
        {1},
    ),
    "is_empty": (
        models.Filter(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="tags"))]),
        {3, 4},
    ),
    "is_null": (models.Filter(must=[models.IsNullCondition(is_null=models.PayloadField(key="color"))]), {4}),
}


@covers("count_points")
@pytest.mark.parametrize("case", FILTERS)
def test_filters(client: QdrantClient, filled: str, case: str) -> None:
    chosen, expected = FILTERS[case]
    assert {record.id for record in client.scroll(filled, chosen)[0]} == expected
    assert client.count(filled, chosen, exact=True).count == len(expected)


@covers("scroll_points")
def test_scroll_gives_every_point_once_in_pages(client: QdrantClient, filled: str) -> None:
    first, offset = client.scroll(filled, limit=3, with_vectors=True)
    second, end = client.scroll(filled, limit=3, offset=offset)
    assert [record.id for record in (*first, *second)] == [1, 2, 3, 4]
    assert end is None
    assert (first[0].vector, second[0].vector) == (X, None)


@covers("query_points")
def test_query_gives_the_nearest_first(client: QdrantClient, filled: str) -> None:
    answer = client.query_points(filled, [0.1, 1.0, 0.5, 0.0], limit=3, with_vectors=True).points
    assert [hit.id for hit in answer] == [2, 3, 1]
    assert answer[0].score == pytest.approx(1.0 / (0.01 + 1 + 0.25) ** 0.5, abs=1e-5)
    assert (answer[0].payload or {})["color"] == "green"
    assert answer[0].vector == Y


def test_query_narrows(client: QdrantClient, filled: str) -> None:
    def ids(**options: object) -> list[object]:
        return [hit.id for hit in client.query_points(filled, [0.1, 1.0, 0.5, 0.0], **options).points]

    assert ids(query_filter=FILTERS["value"][0]) == [1]
    assert ids(score_threshold=0.3) == [2, 3]
    assert ids(limit=1, offset=1) == [3]
    assert ids(search_params=models.SearchParams(exact=True, hnsw_ef=64), limit=2) == [2, 3]


@covers("query_batch_points")
def test_queries_in_one_request(client: QdrantClient, filled: str) -> None:
    queries = [models.QueryRequest(query=vector, limit=1) for vector in (Z, X)]
    answers = client.query_batch_points(filled, queries)
    assert [[hit.id for hit in answer.points] for answer in answers] == [[3], [1]]
