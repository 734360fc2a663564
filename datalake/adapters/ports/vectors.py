"""The index in which vectors are searched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from datalake.adapters.ports.embedding import Vector
from datalake.contracts import SearchHit, WorkIdentity


@dataclass(frozen=True)
class Point:
    """One frame in the vector index."""

    point_id: UUID
    vector: Vector = field(repr=False)
    payload: Mapping[str, Any]


class VectorIndex(ABC):
    """One collection per model; points carry the payload that search filters on."""

    @abstractmethod
    def ensure_collection(self, model: str, fingerprint: str, dim: int) -> None:
        """Create the collection and its payload indexes if missing.

        Raises:
            ConfigurationError: it exists with another dimension or fingerprint.
        """

    @abstractmethod
    def upsert(self, model: str, points: Sequence[Point], generation: int) -> None:
        """Write points whose stored generation is not above `generation`; waits until durable."""

    @abstractmethod
    def set_holders(
        self, model: str, point_ids: Sequence[UUID], video_ids: Sequence[str], generation: int
    ) -> None:
        """Rewrite `video_ids` of existing points not above `generation`; none left deletes them."""

    @abstractmethod
    def search(self, model: str, vector: Vector, limit: int, platform: str | None = None) -> list[SearchHit]:
        """Best points first."""

    @abstractmethod
    def count(self, model: str, work: WorkIdentity | None = None) -> int:
        """Points of the collection, or of one work."""
