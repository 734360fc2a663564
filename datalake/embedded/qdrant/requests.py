"""The bodies of requests: what each may hold, checked before the engine sees any of it.

The models are closed: a field of Qdrant's that is not here answers 501 by its name.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    model_validator,
)

from datalake.embedded.qdrant.errors import NotSupported

_FLOAT32_MAX = 3.4028234663852886e38


def _dense(raw: Any) -> Any:
    """Name the other kinds of vectors instead of calling them malformed."""
    if isinstance(raw, dict):
        raise NotSupported("a named, sparse or inferred vector")
    if isinstance(raw, list) and raw and isinstance(raw[0], list):
        raise NotSupported("a multivector")
    return raw


def _nearest(raw: Any) -> Any:
    if isinstance(raw, dict):
        if raw.keys() != {"nearest"}:
            raise NotSupported(f"query `{', '.join(sorted(raw))}`")
        raw = raw["nearest"]
    if isinstance(raw, str | int):
        raise NotSupported("a query by point id")
    return _dense(raw)


def _index_type(raw: Any) -> Any:
    kind = raw.get("type") if isinstance(raw, dict) else raw
    if kind in ("text", "geo"):
        raise NotSupported(f"a payload index of type `{kind}`")
    return raw


def _selector(raw: Any) -> Any:
    if isinstance(raw, list):
        return {"include": raw}
    return raw


Number = Annotated[float, Field(allow_inf_nan=False, ge=-_FLOAT32_MAX, le=_FLOAT32_MAX)]
PointId = UUID | Annotated[StrictInt, Field(ge=0, lt=2**64)]
Vector = Annotated[list[Number], Field(min_length=1), BeforeValidator(_dense)]
Nearest = Annotated[list[Number], Field(min_length=1), BeforeValidator(_nearest)]
Payload = dict[str, Any]
Distance = Literal["Cosine", "Euclid", "Dot", "Manhattan"]
IndexType = Literal["keyword", "integer", "float", "bool", "datetime", "uuid"]


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fields(Body):
    """Some fields of a payload."""

    include: list[str] | None = None
    exclude: list[str] | None = None


WithPayload = bool | Annotated[Fields, BeforeValidator(_selector)]


class VectorParams(Body):
    """The one unnamed vector of a collection."""

    size: Annotated[StrictInt, Field(ge=1, le=65536)]
    distance: Distance


class CreateCollection(Body):
    """PUT /collections/{collection_name}."""

    vectors: VectorParams
    metadata: Payload | None = None


class IndexParams(Body):
    """A payload index with nothing but its type."""

    type: IndexType


class CreateIndex(Body):
    """PUT /collections/{collection_name}/index."""

    field_name: str
    field_schema: Annotated[IndexType | IndexParams, BeforeValidator(_index_type)]

    @property
    def type(self) -> IndexType:
        """What kind of values the index holds."""
        return self.field_schema if isinstance(self.field_schema, str) else self.field_schema.type


class Point(Body):
    """A point to write."""

    id: PointId
    vector: Vector
    payload: Payload | None = None


class Batch(Body):
    """Points to write, column by column."""

    ids: list[PointId]
    vectors: list[Vector]
    payloads: list[Payload | None] | None = None

    @model_validator(mode="after")
    def _columns_fit(self) -> Batch:
        payloads = len(self.ids) if self.payloads is None else len(self.payloads)
        if not len(self.ids) == len(self.vectors) == payloads:
            raise ValueError(f"{len(self.ids)} ids, {len(self.vectors)} vectors and {payloads} payloads")
        return self


class Upsert(Body):
    """PUT /collections/{collection_name}/points."""

    points: list[Point] | None = None
    batch: Batch | None = None
    update_filter: dict[str, Any] | None = None
    update_mode: Literal["upsert", "insert_only", "update_only"] = "upsert"

    @model_validator(mode="after")
    def _one_form(self) -> Upsert:
        if (self.points is None) == (self.batch is None):
            raise ValueError("needs either `points` or `batch`")
        return self

    def columns(self) -> list[tuple[PointId, list[float], Payload]]:
        """Every point as (id, vector, payload), whichever form was sent."""
        if self.batch is None:
            return [(point.id, point.vector, point.payload or {}) for point in self.points or ()]
        payloads = self.batch.payloads or [None] * len(self.batch.ids)
        rows = zip(self.batch.ids, self.batch.vectors, payloads, strict=True)
        return [(point_id, vector, payload or {}) for point_id, vector, payload in rows]


class Selection(Body):
    """Points named by ids or by a filter, never both."""

    points: list[PointId] | None = None
    filter: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_selector(self) -> Selection:
        if (self.points is None) == (self.filter is None):
            raise ValueError("needs either `points` or `filter`")
        return self


class SetPayload(Selection):
    """POST /collections/{collection_name}/points/payload."""

    payload: Payload


class Retrieve(Body):
    """POST /collections/{collection_name}/points."""

    ids: list[PointId]
    with_payload: WithPayload = True
    with_vector: bool = False


class Scroll(Body):
    """POST /collections/{collection_name}/points/scroll."""

    offset: PointId | None = None
    limit: Annotated[StrictInt, Field(ge=1, lt=2**32)] = 10
    filter: dict[str, Any] | None = None
    with_payload: WithPayload = True
    with_vector: bool = False


class Count(Body):
    """POST /collections/{collection_name}/points/count."""

    filter: dict[str, Any] | None = None
    exact: bool = True


class SearchParams(Body):
    """How to search."""

    hnsw_ef: Annotated[StrictInt, Field(ge=1, lt=2**32)] | None = None
    exact: bool = False
    indexed_only: bool = False


class Query(Body):
    """POST /collections/{collection_name}/points/query."""

    query: Nearest
    filter: dict[str, Any] | None = None
    params: SearchParams = SearchParams()
    score_threshold: Number | None = None
    limit: Annotated[StrictInt, Field(ge=1, lt=2**32)] = 10
    offset: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 0
    with_payload: WithPayload = False
    with_vector: bool = False


class QueryBatch(Body):
    """POST /collections/{collection_name}/points/query/batch."""

    searches: list[Query]
