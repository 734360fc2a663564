"""What each endpoint does: the request in, the answer's `result` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import qdrant_edge as engine

from datalake.embedded.qdrant import requests
from datalake.embedded.qdrant.catalog import Catalog
from datalake.embedded.qdrant.collection import Collection
from datalake.embedded.qdrant.parsing import parsed
from datalake.embedded.qdrant.spec import Spec

REST_VERSION = "1.20.0"
"""Version of Qdrant's REST API that the endpoints follow."""

_DONE = {"status": "completed"}


@dataclass(frozen=True)
class Call:
    """One request."""

    catalog: Catalog
    path: Mapping[str, str]
    body: bytes

    @property
    def collection(self) -> Collection:
        """The collection in the path.

        Raises:
            NotFound: there is none of that name.
        """
        return self.catalog.get(self.path["collection_name"])


def about(_: Call) -> dict[str, str]:
    """Who answers; clients compare the version with their own."""
    engine_version = version("qdrant-edge-py")
    return {"title": f"qdrant - embedded, engine qdrant-edge {engine_version}", "version": REST_VERSION}


def healthz(_: Call) -> str:
    """The process answers."""
    return "healthz check passed"


def livez(_: Call) -> str:
    """The process answers."""
    return "livez check passed"


def readyz(_: Call) -> str:
    """Every collection is open: the process listens only then."""
    return "all shards are ready"


def list_collections(call: Call) -> dict[str, Any]:
    """Names of all collections."""
    return {"collections": [{"name": name} for name in call.catalog.names()]}


def create_collection(call: Call) -> bool:
    """Make an empty collection."""
    request = parsed(requests.CreateCollection, call.body)
    call.catalog.create(
        Spec(
            name=call.path["collection_name"],
            size=request.vectors.size,
            distance=request.vectors.distance,
            metadata=request.metadata,
        )
    )
    return True


def get_collection(call: Call) -> dict[str, Any]:
    """Counts, parameters, metadata and payload indexes of a collection."""
    spec, info = call.collection.spec, call.collection.info()
    return {
        "status": "green",
        "optimizer_status": "ok",
        "indexed_vectors_count": info.indexed_vectors_count,
        "points_count": info.points_count,
        "segments_count": info.segments_count,
        "config": _config(spec),
        "payload_schema": {
            field: {"data_type": _type_name(index.data_type), "points": index.points}
            for field, index in info.payload_schema.items()
        },
        "created_at": spec.created_at,
    }


def delete_collection(call: Call) -> bool:
    """Delete a collection and its points; False when there was none."""
    return call.catalog.drop(call.path["collection_name"])


def collection_exists(call: Call) -> dict[str, bool]:
    """Whether there is a collection of that name."""
    return {"exists": call.path["collection_name"] in call.catalog.names()}


def create_payload_index(call: Call) -> dict[str, str]:
    """Index a payload field."""
    call.collection.create_index(parsed(requests.CreateIndex, call.body))
    return _DONE


def delete_payload_index(call: Call) -> dict[str, str]:
    """Drop the index of a payload field."""
    call.collection.delete_index(call.path["field_name"])
    return _DONE


def upsert_points(call: Call) -> dict[str, str]:
    """Write points."""
    call.collection.upsert(parsed(requests.Upsert, call.body))
    return _DONE


def retrieve_points(call: Call) -> list[dict[str, Any]]:
    """Points by id."""
    return [_record(record) for record in call.collection.retrieve(parsed(requests.Retrieve, call.body))]


def delete_points(call: Call) -> dict[str, str]:
    """Delete points by ids or filter."""
    call.collection.delete(parsed(requests.Selection, call.body))
    return _DONE


def set_payload(call: Call) -> dict[str, str]:
    """Set payload fields of points by ids or filter."""
    call.collection.set_payload(parsed(requests.SetPayload, call.body))
    return _DONE


def count_points(call: Call) -> dict[str, int]:
    """How many points match."""
    return {"count": call.collection.count(parsed(requests.Count, call.body))}


def scroll_points(call: Call) -> dict[str, Any]:
    """A page of points."""
    records, next_offset = call.collection.scroll(parsed(requests.Scroll, call.body))
    return {"points": [_record(record) for record in records], "next_page_offset": next_offset}


def query_points(call: Call) -> dict[str, Any]:
    """The nearest points."""
    (hits,) = call.collection.query([parsed(requests.Query, call.body)])
    return {"points": [_scored(hit) for hit in hits]}


def query_batch_points(call: Call) -> list[dict[str, Any]]:
    """The nearest points, for several queries."""
    answers = call.collection.query(parsed(requests.QueryBatch, call.body).searches)
    return [{"points": [_scored(hit) for hit in hits]} for hits in answers]


def _config(spec: Spec) -> dict[str, Any]:
    """What a client's model of a collection wants to see; the engine's defaults where nothing is set."""
    return {
        "params": {"vectors": {"size": spec.size, "distance": spec.distance}},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
        "optimizer_config": {"default_segment_number": 0, "flush_interval_sec": 0},
        "metadata": spec.metadata,
    }


def _type_name(data_type: engine.PayloadSchemaType) -> str:
    return str(data_type).rsplit(".", 1)[-1].lower()


def _record(record: engine.Record) -> dict[str, Any]:
    return {"id": record.id, "payload": record.payload, "vector": record.vector}


def _scored(hit: engine.ScoredPoint) -> dict[str, Any]:
    return {
        "id": hit.id,
        "version": hit.version,
        "score": hit.score,
        "payload": hit.payload,
        "vector": hit.vector,
    }
