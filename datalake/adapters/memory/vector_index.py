"""A vector index in a dictionary, with the rules of the real one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from datalake.adapters.ports import Point, Vector, VectorIndex
from datalake.adapters.qdrant.points import CollectionModel, hits
from datalake.common_func import platforms
from datalake.contracts import SearchHit, WorkIdentity
from datalake.errors import ConfigurationError


@dataclass
class _Stored:
    vector: Vector
    payload: dict[str, Any]


@dataclass
class _Collection:
    made_for: CollectionModel
    points: dict[UUID, _Stored] = field(default_factory=dict)


class MemoryVectorIndex(VectorIndex):
    """Searches every point by cosine; for tests and trials, in one thread."""

    def __init__(self, frame_uri: Callable[[str], str] = "memory://{}".format) -> None:
        self._frame_uri = frame_uri
        self._collections: dict[str, _Collection] = {}

    def ensure_collection(self, model: str, fingerprint: str, dim: int) -> None:
        """Create the collection, or check that it is for the same model."""
        wanted = CollectionModel(model, fingerprint, dim)
        self._collections.setdefault(model, _Collection(wanted)).made_for.check(wanted, model)

    def upsert(self, model: str, points: Sequence[Point], generation: int) -> None:
        """Write points whose stored generation is not above `generation`."""
        collection = self._collection(model)
        for point in points:
            if point.vector.shape != (collection.made_for.dim,):
                raise ConfigurationError(f"{point.vector.shape} numbers for {collection.made_for}")
        for point in points:
            if self._may_write(collection, point.point_id, generation):
                payload = {**point.payload, "generation": generation}
                collection.points[point.point_id] = _Stored(point.vector, payload)

    def set_holders(
        self, model: str, point_ids: Sequence[UUID], video_ids: Sequence[str], generation: int
    ) -> None:
        """Rewrite who holds existing points not above `generation`; nobody left deletes them."""
        collection = self._collection(model)
        for point_id in point_ids:
            if point_id not in collection.points or not self._may_write(collection, point_id, generation):
                continue
            if video_ids:
                payload = {"video_ids": list(video_ids), "platform": platforms(video_ids)}
                collection.points[point_id].payload.update(payload, generation=generation)
            else:
                del collection.points[point_id]

    def search(self, model: str, vector: Vector, limit: int, platform: str | None = None) -> list[SearchHit]:
        """Best points first."""
        stored = self._collection(model).points.values()
        candidates = [p for p in stored if platform is None or platform in platforms(p.payload["video_ids"])]
        ranked = sorted(((_cosine(p.vector, vector), p) for p in candidates), key=lambda pair: -pair[0])
        return [h for score, p in ranked[:limit] for h in hits(score, p.payload, self._frame_uri, platform)]

    def count(self, model: str, work: WorkIdentity | None = None) -> int:
        """Points of the collection, or of one work."""
        if model not in self._collections:
            return 0
        payloads = (stored.payload for stored in self._collections[model].points.values())
        return sum(work is None or _is_of(payload, work) for payload in payloads)

    def _collection(self, model: str) -> _Collection:
        if model not in self._collections:
            raise ConfigurationError(f"no collection for model {model!r}: nothing was indexed with it yet")
        return self._collections[model]

    @staticmethod
    def _may_write(collection: _Collection, point_id: UUID, generation: int) -> bool:
        stored = collection.points.get(point_id)
        return stored is None or int(stored.payload["generation"]) <= generation


def _is_of(payload: dict[str, Any], work: WorkIdentity) -> bool:
    return (payload["asset_id"], payload["settings_hash"]) == (work.asset_id, work.settings_hash)


def _cosine(a: Vector, b: Vector) -> float:
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norms if norms else 0.0
