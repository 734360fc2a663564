"""Search by words: the moments of live videos that fit best."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from datalake.adapters.ports import Catalog, Embedder, Vector, VectorIndex, VideoKey
from datalake.contracts import SearchHit, WorkIdentity
from datalake.errors import ConfigurationError
from datalake.settings import Settings

_MOST_POINTS = 10_000


class QueryEncoder(ABC):
    """Words as vectors; where the model lives is its own affair."""

    @property
    @abstractmethod
    def model(self) -> str:
        """Name of the model, as in the settings."""

    @abstractmethod
    def vector(self, text: str) -> Vector:
        """The words in the space of the model's frames."""


class EmbedderQueryEncoder(QueryEncoder):
    """Encodes in this process, with the embedder that frames go through."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def model(self) -> str:
        """Name of the embedder."""
        return self._embedder.model

    def vector(self, text: str) -> Vector:
        """As the class says."""
        return self._embedder.embed_text([text])[0]


@dataclass(frozen=True)
class Search:
    """Finds moments by words; call it."""

    encoder: QueryEncoder
    vector_index: VectorIndex
    catalog: Catalog

    @classmethod
    def of_settings(cls, config: Settings) -> Search:
        """A search over what the settings name; the model is loaded with the first question."""
        from datalake import factory

        encoder = EmbedderQueryEncoder(factory.build_embedder(config))
        return cls(encoder, factory.build_vector_index(config), factory.build_catalog(config))

    def __call__(self, text: str, limit: int = 20, platform: str | None = None) -> list[SearchHit]:
        """The best moments first, at most `limit`, without those that no video shows any more.

        Args:
            text: what to look for.
            limit: most hits, at least 1.
            platform: only videos of this platform.

        Raises:
            ConfigurationError: nothing was indexed with this model yet, or the question is empty.
            VectorStoreUnavailable: Qdrant is away.
            DatabaseUnavailable: PostgreSQL is away.
        """
        if not text.strip():
            raise ConfigurationError("nothing to search for: give some words")
        model, vector = self.encoder.model, self.encoder.vector(text)
        points = limit
        while True:
            hits = self.vector_index.search(model, vector, points, platform)
            live = self._live(model, hits)
            is_all = len({(hit.asset_id, hit.settings_hash, hit.time_s) for hit in hits}) < points
            if len(live) >= limit or is_all or points >= _MOST_POINTS:
                return live[:limit]
            # Dead hits took the places of live ones: ask for more points.
            points = min(points * 4, _MOST_POINTS)

    def _live(self, model: str, hits: list[SearchHit]) -> list[SearchHit]:
        works = self.catalog.live_works(_videos(hits))
        return [hit for hit in hits if _is_live(hit, model, works)]


def _videos(hits: Iterable[SearchHit]) -> set[VideoKey]:
    return {(hit.platform, hit.video_id) for hit in hits}


def _is_live(hit: SearchHit, model: str, works: Mapping[VideoKey, WorkIdentity]) -> bool:
    """True when the video shows the work that the frame belongs to."""
    found = WorkIdentity(asset_id=hit.asset_id, model=model, settings_hash=hit.settings_hash)
    return works.get((hit.platform, hit.video_id)) == found
