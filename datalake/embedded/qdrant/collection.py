"""One collection: a folder with `collection.json` and one engine shard, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import qdrant_edge as engine

from datalake.embedded.qdrant import requests
from datalake.embedded.qdrant.errors import BadRequest, NotFound
from datalake.embedded.qdrant.filters import engine_filter
from datalake.embedded.qdrant.locks import SharedLock
from datalake.embedded.qdrant.spec import Spec

_SHARD_FOLDER = "shard"
_POINTS_PER_FLUSH = 10_000
_MODES = {
    "upsert": engine.UpdateMode.Upsert,
    "insert_only": engine.UpdateMode.InsertOnly,
    "update_only": engine.UpdateMode.UpdateOnly,
}


class Collection:
    """Reads share it, writes have it alone.

    A write that returned is in the engine's log and survives the death of the process; a power cut may
    take what was written since the last flush.
    """

    def __init__(self, folder: Path) -> None:
        """Open the collection in `folder`; only one process can."""
        self.spec = Spec.read(folder)
        self._lock = SharedLock()
        self._unflushed_points = 0
        self._open_shard: engine.EdgeShard | None = engine.EdgeShard.load(str(folder / _SHARD_FOLDER))

    @staticmethod
    def create(folder: Path, spec: Spec) -> None:
        """Write a new, empty collection into the empty `folder`, down to the disk."""
        shard_folder = folder / _SHARD_FOLDER
        shard_folder.mkdir()
        engine.EdgeShard.create(str(shard_folder), spec.engine_config).close()
        spec.write(folder)

    def close(self) -> None:
        """Wait for the calls under way, flush, and let go of the files; later calls find nothing."""
        with self._lock.exclusive():
            if self._open_shard is not None:
                self._open_shard.close()
                self._open_shard = None

    def info(self) -> engine.ShardInfo:
        """Counts and payload indexes."""
        with self._lock.shared():
            return self._shard.info()

    def optimize(self) -> None:
        """Build the index; holds the interpreter all the while, so never while serving."""
        with self._lock.exclusive():
            self._shard.optimize()

    def create_index(self, request: requests.CreateIndex) -> None:
        """Index a payload field; points that are there already included."""
        schema = getattr(engine.PayloadSchemaType, request.type.capitalize())
        with _engine_values():
            operation = engine.UpdateOperation.create_field_index(request.field_name, schema)
        self._update(operation)

    def delete_index(self, field: str) -> None:
        """Drop the index of a payload field."""
        with _engine_values():
            operation = engine.UpdateOperation.delete_field_index(field)
        self._update(operation)

    def upsert(self, request: requests.Upsert) -> None:
        """Write points; `update_filter` says which existing points may be overwritten."""
        points = [self._point(*row) for row in request.columns()]
        condition = _filter(request.update_filter)
        if points:
            mode = _MODES[request.update_mode]
            self._update(engine.UpdateOperation.upsert_points(points, condition, mode), len(points))

    def delete(self, request: requests.Selection) -> None:
        """Delete points by ids (those that exist) or by filter."""
        if request.points is not None:
            self._update(engine.UpdateOperation.delete_points(list(request.points)))
        else:
            self._update(engine.UpdateOperation.delete_points_by_filter(_required_filter(request)))

    def set_payload(self, request: requests.SetPayload) -> None:
        """Set some payload fields of existing points.

        Raises:
            NotFound: an id names no point; nothing was changed.
        """
        with self._lock.exclusive():
            if request.points is None:
                chosen = _required_filter(request)
            else:
                self._check_all_exist(request.points)
                chosen = engine.Filter(must=[engine.HasIdCondition(set(request.points))])
            with _engine_values():
                operation = engine.UpdateOperation.set_payload_by_filter(chosen, request.payload)
            self._apply(operation, 1)

    def retrieve(self, request: requests.Retrieve) -> list[engine.Record]:
        """The points with these ids that exist."""
        with self._lock.shared():
            return self._shard.retrieve(
                list(request.ids), _payload_selector(request.with_payload), request.with_vector
            )

    def scroll(self, request: requests.Scroll) -> tuple[list[engine.Record], int | UUID | str | None]:
        """A page of points in the order of their ids, and where the next page starts."""
        scroll = engine.ScrollRequest(
            offset=request.offset,
            limit=request.limit,
            filter=_filter(request.filter),
            with_payload=_payload_selector(request.with_payload),
            with_vector=request.with_vector,
        )
        with self._lock.shared():
            return self._shard.scroll(scroll)

    def count(self, request: requests.Count) -> int:
        """How many points match."""
        count = engine.CountRequest(exact=request.exact, filter=_filter(request.filter))
        with self._lock.shared():
            return self._shard.count(count)

    def query(self, queries: list[requests.Query]) -> list[list[engine.ScoredPoint]]:
        """The nearest points, best first, one list a query; all see the same state."""
        prepared = [self._query(query) for query in queries]
        with self._lock.shared():
            return [self._shard.query(query) for query in prepared]

    @property
    def _shard(self) -> engine.EdgeShard:
        if self._open_shard is None:
            raise NotFound(f"Collection `{self.spec.name}` doesn't exist")
        return self._open_shard

    def _update(self, operation: engine.UpdateOperation, point_count: int = 1) -> None:
        with self._lock.exclusive():
            self._apply(operation, point_count)

    def _apply(self, operation: engine.UpdateOperation, point_count: int) -> None:
        self._shard.update(operation)
        self._unflushed_points += point_count
        if self._unflushed_points >= _POINTS_PER_FLUSH:
            self._shard.flush()  # the engine's log is cut only here
            self._unflushed_points = 0

    def _check_all_exist(self, ids: list[requests.PointId]) -> None:
        found = {record.id for record in self._shard.retrieve(list(ids), False, False)}
        missing = [point_id for point_id in ids if point_id not in found]
        if missing:
            raise NotFound(f"No point with id {missing[0]}")

    def _point(
        self, point_id: requests.PointId, vector: list[float], payload: dict[str, Any]
    ) -> engine.Point:
        self._check_size(vector)
        with _engine_values():
            return engine.Point(point_id, vector, payload)

    def _query(self, query: requests.Query) -> engine.QueryRequest:
        self._check_size(query.query)
        return engine.QueryRequest(
            limit=query.limit,
            offset=query.offset,
            query=engine.Query.Nearest(query.query),
            filter=_filter(query.filter),
            params=engine.SearchParams(**query.params.model_dump()),
            score_threshold=query.score_threshold,
            with_payload=_payload_selector(query.with_payload),
            with_vector=query.with_vector,
        )

    def _check_size(self, vector: list[float]) -> None:
        if len(vector) != self.spec.size:
            raise BadRequest(
                f"Vector dimension error: collection `{self.spec.name}` expects {self.spec.size}, "
                f"got {len(vector)}"
            )


@contextmanager
def _engine_values() -> Iterator[None]:
    """The engine refuses values (a bad path, NaN, a lone surrogate) with the errors of a conversion."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise BadRequest(str(error).splitlines()[0]) from error


def _filter(raw: dict[str, Any] | None) -> engine.Filter | None:
    if raw is None:
        return None
    with _engine_values():
        return engine_filter(raw)


def _required_filter(request: requests.Selection) -> engine.Filter:
    with _engine_values():
        return engine_filter(request.filter)


def _payload_selector(wanted: bool | requests.Fields) -> bool | engine.PayloadSelector:
    if isinstance(wanted, bool):
        return wanted
    with _engine_values():
        if wanted.include is not None:
            return engine.PayloadSelector.Include(wanted.include)
        return engine.PayloadSelector.Exclude(wanted.exclude or [])
