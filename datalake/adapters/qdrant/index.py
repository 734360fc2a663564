"""The vector index on a Qdrant server (1.16 or newer: conditional upserts, collection metadata)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from pydantic import SecretStr
from qdrant_client import QdrantClient, models

from datalake.adapters.ports import Point, Vector, VectorIndex
from datalake.adapters.qdrant.errors import CollectionExists, MissingCollection, translated
from datalake.adapters.qdrant.points import CollectionModel, hits
from datalake.common_func import platforms
from datalake.contracts import SearchHit, WorkIdentity
from datalake.crash_points import crash_point
from datalake.errors import ConfigurationError

PAYLOAD_INDEXES = {
    "video_ids": models.PayloadSchemaType.KEYWORD,
    "asset_id": models.PayloadSchemaType.KEYWORD,
    "platform": models.PayloadSchemaType.KEYWORD,
    "settings_hash": models.PayloadSchemaType.KEYWORD,
    "labels": models.PayloadSchemaType.KEYWORD,
    "generation": models.PayloadSchemaType.INTEGER,
    "published_at": models.PayloadSchemaType.DATETIME,
}
"""Payload fields that searches and conditional writes filter on."""

_POINTS_PER_REQUEST = 256  # 5 MB of JSON at 1,024 numbers a vector; a Qdrant server takes 32 MB
_IDS_PER_REQUEST = 4096

ItemT = TypeVar("ItemT")


class QdrantVectorIndex(VectorIndex):
    """One collection per model, named `<prefix>-<model>`; safe to share between threads.

    Every method raises VectorStoreUnavailable while the server cannot be reached or is unwell, and
    ConfigurationError for what trying again cannot mend.

    Args:
        url: address of the server, as in QDRANT_URL.
        frame_uri: turns a frame's lake key into its URI (`Lake.uri`).
        api_key: key of the server; empty: none.
        timeout_s: time limit of one request, seconds.
        prefix: first part of every collection's name.
    """

    def __init__(
        self,
        url: str,
        frame_uri: Callable[[str], str],
        *,
        api_key: SecretStr | None = None,
        timeout_s: int = 30,
        prefix: str = "frames",
    ) -> None:
        self._url = url
        self._frame_uri = frame_uri
        self._prefix = prefix
        key = api_key.get_secret_value() if api_key else ""
        has_tls = url.lower().startswith("https:")  # without it reading all certificates is a waste of 0.1 s
        try:
            self._client = QdrantClient(
                url=url, api_key=key or None, timeout=timeout_s, check_compatibility=False, verify=has_tls
            )
        except ValueError as error:
            raise ConfigurationError(f"QDRANT_URL {url!r} is not an http(s) URL: {error}") from error

    def __enter__(self) -> QdrantVectorIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def collection(self, model: str) -> str:
        """Name of the model's collection; a hash tells apart models that a name cannot."""
        slug = "".join(c if c.isalnum() or c in "-_" else "-" for c in model)
        if slug != model:
            slug = f"{slug}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"
        return f"{self._prefix}-{slug}"

    def ensure_collection(self, model: str, fingerprint: str, dim: int) -> None:
        """Create the collection and its payload indexes if missing; two may try at once.

        Raises:
            ConfigurationError: it exists for another model, fingerprint or dimension.
        """
        name, wanted = self.collection(model), CollectionModel(model, fingerprint, dim)
        info = self._info(name)
        if info is None:
            self._create(name, wanted)
            info = self._info(name)
        if info is None:
            raise ConfigurationError(f"collection `{name}` at {self._url} was deleted while it was created")
        _made_for(info, name).check(wanted, name)
        for field, schema in PAYLOAD_INDEXES.items():
            if field not in info.payload_schema:
                with translated(self._url):
                    self._client.create_payload_index(name, field, schema, wait=True)

    def upsert(self, model: str, points: Sequence[Point], generation: int) -> None:
        """Write points whose stored generation is not above `generation`; waits until durable."""
        name = self.collection(model)
        not_newer = models.Filter(must=[_not_above(generation)])
        for some in _chunks(points, _POINTS_PER_REQUEST):
            batch = models.Batch(
                ids=[str(point.point_id) for point in some],
                vectors=[point.vector.tolist() for point in some],
                payloads=[{**point.payload, "generation": generation} for point in some],
            )
            with translated(self._url):
                self._client.upsert(name, batch, wait=True, update_filter=not_newer)
            crash_point("gold.after_points")

    def set_holders(
        self, model: str, point_ids: Sequence[UUID], video_ids: Sequence[str], generation: int
    ) -> None:
        """Rewrite who holds existing points not above `generation`; nobody left deletes them."""
        name = self.collection(model)
        payload = {"video_ids": list(video_ids), "platform": platforms(video_ids), "generation": generation}
        for some in _chunks(point_ids, _IDS_PER_REQUEST):
            has_id = models.HasIdCondition(has_id=[str(point_id) for point_id in some])
            chosen = models.Filter(must=[has_id, _not_above(generation)])
            with translated(self._url):
                if video_ids:
                    self._client.set_payload(name, payload, chosen, wait=True)
                else:
                    self._client.delete(name, models.FilterSelector(filter=chosen), wait=True)

    def search(self, model: str, vector: Vector, limit: int, platform: str | None = None) -> list[SearchHit]:
        """Best points first, one hit for each video that holds the point; `limit` counts points."""
        of_platform = None if platform is None else models.Filter(must=[_equals("platform", platform)])
        with translated(self._url):
            found = self._client.query_points(
                self.collection(model), vector.tolist(), query_filter=of_platform, limit=limit
            )
        return [
            hit
            for point in found.points
            for hit in hits(point.score, point.payload or {}, self._frame_uri, platform)
        ]

    def count(self, model: str, work: WorkIdentity | None = None) -> int:
        """Points of the collection, or of one work; 0 while there is no collection."""
        of_work = None
        if work is not None:
            parts = [_equals("asset_id", work.asset_id), _equals("settings_hash", work.settings_hash)]
            of_work = models.Filter(must=list[models.Condition](parts))
        try:
            with translated(self._url):
                return self._client.count(self.collection(model), of_work, exact=True).count
        except MissingCollection:
            return 0

    def _info(self, name: str) -> models.CollectionInfo | None:
        try:
            with translated(self._url):
                return self._client.get_collection(name)
        except MissingCollection:
            return None

    def _create(self, name: str, made_for: CollectionModel) -> None:
        try:
            with translated(self._url):
                self._client.create_collection(
                    name,
                    models.VectorParams(size=made_for.dim, distance=models.Distance.COSINE),
                    metadata=asdict(made_for),
                )
        except CollectionExists:  # somebody was faster: theirs is checked like any other
            return


def _made_for(info: models.CollectionInfo, name: str) -> CollectionModel:
    stored: dict[str, Any] = info.config.metadata or {}
    vectors = info.config.params.vectors
    if not isinstance(vectors, models.VectorParams) or not {"model", "fingerprint"} <= stored.keys():
        raise ConfigurationError(
            f"collection `{name}` was not made by this pipeline; delete it, or choose another prefix"
        )
    return CollectionModel(stored["model"], stored["fingerprint"], vectors.size)


def _not_above(generation: int) -> models.FieldCondition:
    return models.FieldCondition(key="generation", range=models.Range(lte=generation))


def _equals(field: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchValue(value=value))


def _chunks(items: Sequence[ItemT], size: int) -> Iterator[Sequence[ItemT]]:
    return (items[start : start + size] for start in range(0, len(items), size))
