"""Qdrant's JSON filters as the engine's filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import qdrant_edge as engine

from datalake.embedded.qdrant.errors import BadRequest, NotSupported

Json = Any  # what json gives: the shape is checked here, piece by piece
_BOUNDS = frozenset({"gt", "gte", "lt", "lte"})


def engine_filter(raw: Json) -> engine.Filter:
    """The engine's filter for `{"must": [...], "should": [...], "must_not": [...]}`.

    Raises:
        BadRequest: the JSON has not the shape of a filter.
        NotSupported: a clause or condition that only a Qdrant server knows.
    """
    clauses = _object(raw, "filter")
    unknown = clauses.keys() - {"must", "should", "must_not"}
    if unknown:
        raise NotSupported(f"filter clause `{min(unknown)}`")
    return engine.Filter(
        must=_conditions(clauses.get("must")),
        should=_conditions(clauses.get("should")),
        must_not=_conditions(clauses.get("must_not")),
    )


def point_id(raw: Json) -> int | UUID:
    """A point id: an unsigned 64-bit integer or a UUID.

    Raises:
        BadRequest: it is neither.
    """
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 2**64:
        return raw
    if isinstance(raw, str):
        try:
            return UUID(raw)
        except ValueError:
            pass
    raise BadRequest(f"point id {raw!r} is neither an unsigned integer nor a UUID")


def _conditions(raw: Json) -> list[engine.ConditionType] | None:
    if raw is None:
        return None
    return [_condition(_object(item, "condition")) for item in (raw if isinstance(raw, list) else [raw])]


def _condition(raw: dict[str, Json]) -> engine.ConditionType:
    given = {name: value for name, value in raw.items() if value is not None}
    if "key" in given:
        return _field_condition(_text(given.pop("key"), "key"), given)
    if not given or given.keys() <= {"must", "should", "must_not", "min_should"}:
        return engine_filter(given)
    if len(given) > 1:
        raise BadRequest(f"one condition has the parts {sorted(given)}; it may have one")
    ((kind, value),) = given.items()
    if kind not in _CONDITIONS:
        raise NotSupported(f"condition `{kind}`")
    return _CONDITIONS[kind](value)


def _field_condition(key: str, tests: dict[str, Json]) -> engine.FieldCondition:
    unknown = tests.keys() - {"match", "range"}
    if unknown:
        raise NotSupported(f"condition `{min(unknown)}` on field `{key}`")
    if not tests:
        raise BadRequest(f"the condition on field `{key}` has neither `match` nor `range`")
    match = _match(_object(tests["match"], "match")) if "match" in tests else None
    bounds = _range(_object(tests["range"], "range")) if "range" in tests else None
    return engine.FieldCondition(key, match=match, range=bounds)


def _match(raw: dict[str, Json]) -> engine.MatchType:
    if len(raw) != 1:
        raise BadRequest(f"`match` has the parts {sorted(raw)}; it needs exactly one")
    ((kind, value),) = raw.items()
    if kind == "value":
        if not isinstance(value, str | int):
            raise BadRequest(f"`match.value` is {value!r}; it may be a string, an integer or a boolean")
        return engine.MatchValue(value)
    if kind == "any":
        return engine.MatchAny(_values(value, "match.any"))
    if kind == "except":
        return engine.MatchExcept(_values(value, "match.except"))
    raise NotSupported(f"`match.{kind}`")


def _values(raw: Json, name: str) -> list[Any]:
    is_list = isinstance(raw, list)
    if is_list and (all(isinstance(v, str) for v in raw) or all(type(v) is int for v in raw)):
        return list(raw)
    raise BadRequest(f"`{name}` is not a list of strings or a list of integers")


def _range(raw: dict[str, Json]) -> engine.RangeType:
    bounds = {name: value for name, value in raw.items() if value is not None}
    if not bounds or not bounds.keys() <= _BOUNDS:
        raise BadRequest(f"`range` has the parts {sorted(raw)}; it may have {sorted(_BOUNDS)}")
    if all(isinstance(value, str) for value in bounds.values()):
        return engine.RangeDateTime(**bounds)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in bounds.values()):
        return engine.RangeFloat(**bounds)
    raise BadRequest("the bounds of `range` are neither all numbers nor all date-times")


def _has_id(raw: Json) -> engine.HasIdCondition:
    if not isinstance(raw, Iterable) or isinstance(raw, str | dict):
        raise BadRequest("`has_id` is not a list of point ids")
    return engine.HasIdCondition({point_id(item) for item in raw})


def _is_empty(raw: Json) -> engine.IsEmptyCondition:
    return engine.IsEmptyCondition(_text(_object(raw, "is_empty").get("key"), "is_empty.key"))


def _is_null(raw: Json) -> engine.IsNullCondition:
    return engine.IsNullCondition(_text(_object(raw, "is_null").get("key"), "is_null.key"))


_CONDITIONS: dict[str, Callable[[Json], engine.ConditionType]] = {
    "has_id": _has_id,
    "is_empty": _is_empty,
    "is_null": _is_null,
}


def _object(raw: Json, name: str) -> dict[str, Json]:
    if not isinstance(raw, dict):
        raise BadRequest(f"`{name}` is not a JSON object")
    return raw


def _text(raw: Json, name: str) -> str:
    if not isinstance(raw, str):
        raise BadRequest(f"`{name}` is not a string")
    return raw
