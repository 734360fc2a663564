"""Whether every message that an old JSON Schema accepts is accepted by a new one.

Knows the keywords that pydantic writes for our records; what it cannot judge counts as a break.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]

_WORDS_ONLY = {"$schema", "$defs", "title", "description", "default", "examples", "format"}
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_JUDGED = {
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "enum",
    "const",
    "$ref",
}


def breaks(old: Schema, new: Schema) -> list[str]:
    """What the new schema refuses of that which the old one accepted, each with its place; empty: nothing."""
    return list(_Comparison(old, new).breaks(old, new, "message"))


class _Comparison:
    """Two schemas with their own definitions."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old_definitions, self._new_definitions = old.get("$defs", {}), new.get("$defs", {})

    def breaks(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        old, new = _resolved(old, self._old_definitions), _resolved(new, self._new_definitions)
        if "anyOf" in old or "anyOf" in new:
            yield from self._choices(old, new, place)
            return
        yield from _kinds(old, new, place)
        yield from _bounds(old, new, place)
        yield from _others(old, new, place)
        yield from self._properties(old, new, place)
        if "items" in new:
            yield from self.breaks(old.get("items", {}), new["items"], f"{place}[]")
        if isinstance(new.get("additionalProperties"), dict):
            extra = old.get("additionalProperties", {})
            yield from self.breaks(
                extra if isinstance(extra, dict) else {}, new["additionalProperties"], f"{place}.*"
            )

    def _choices(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Each old choice must go into a new one."""
        for choice in old.get("anyOf", [old]):
            found = [list(self.breaks(choice, other, place)) for other in new.get("anyOf", [new])]
            if all(found):
                yield min(found, key=len)[0]

    def _properties(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, now = old.get("properties", {}), new.get("properties", {})
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{place}.{name} has become required"
        if new.get("additionalProperties") is False and "properties" in old:
            for name in sorted(before.keys() - now.keys()):
                yield f"{place}.{name} is gone"
            if old.get("additionalProperties") is not False:
                yield f"{place} takes no other fields any more"
        for name in sorted(before.keys() & now.keys()):
            yield from self.breaks(before[name], now[name], f"{place}.{name}")


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """The schema with what it refers to."""
    if "$ref" not in schema:
        return schema
    return definitions[schema["$ref"].rsplit("/", 1)[-1]] | {k: v for k, v in schema.items() if k != "$ref"}


def _kinds(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """Type and the values that are allowed."""
    was, becomes = old.get("type"), new.get("type")
    if becomes is not None and was != becomes and (was, becomes) != ("integer", "number"):
        yield f"{place} was {was or 'anything'} and becomes {becomes}"
    allowed = _values(new)
    if allowed is not None:
        before = _values(old)
        lost = ["any other value"] if before is None else [repr(v) for v in before if v not in allowed]
        if lost:
            yield f"{place} no longer takes {', '.join(lost)}"


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _bounds(old: Schema, new: Schema, place: str) -> Iterator[str]:
    tighter: dict[str, Callable[[Any, Any], bool]] = {
        **dict.fromkeys(_LOWER, lambda was, becomes: was is None or becomes > was),
        **dict.fromkeys(_UPPER, lambda was, becomes: was is None or becomes < was),
    }
    for keyword, is_tighter in tighter.items():
        if keyword in new and is_tighter(old.get(keyword), new[keyword]):
            yield f"{place}: {keyword} was {old.get(keyword, 'open')} and becomes {new[keyword]}"


def _others(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """Keywords that cannot be weighed, a pattern for one: only the same one is safe."""
    known = _WORDS_ONLY | _JUDGED | {*_LOWER, *_UPPER}
    for keyword in sorted(new.keys() - known):
        if new[keyword] != old.get(keyword):
            yield f"{place}: {keyword} was {old.get(keyword, 'open')} and becomes {new[keyword]}"
