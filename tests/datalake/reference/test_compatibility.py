from __future__ import annotations

from typing import Any

import pytest

from datalake.contracts import VideoArrived
from datalake.reference.compatibility import breaks

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
NULL = {"type": "null"}


def record(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def limited(maximum: int) -> dict[str, Any]:
    return record(wish={"$ref": "#/$defs/Wish"}) | {
        "$defs": {"Wish": record(times={"type": "integer", "maximum": maximum})}
    }


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (record(a=TEXT), record(), "message.a is gone"),
        (record(a=TEXT), record(("a",), a=TEXT), "message.a has become required"),
        (record(a=TEXT), record(a=NUMBER), "message.a was string and becomes number"),
        (record(a={}), record(a=TEXT), "message.a was anything and becomes string"),
        (
            record(a={**TEXT, "enum": ["x", "y"]}),
            record(a={**TEXT, "const": "x"}),
            "message.a no longer takes 'y'",
        ),
        (record(a=TEXT), record(a={**TEXT, "enum": ["x"]}), "message.a no longer takes any other value"),
        (
            record(a={**NUMBER, "minimum": 0}),
            record(a={**NUMBER, "minimum": 1}),
            "message.a: minimum was 0 and becomes 1",
        ),
        (
            record(a=TEXT),
            record(a={**TEXT, "pattern": "^a$"}),
            "message.a: pattern was open and becomes ^a$",
        ),
        (
            record(a={"anyOf": [TEXT, NULL]}),
            record(a=TEXT),
            "message.a was null and becomes string",
        ),
        (
            record(a={"type": "array", "items": {}}),
            record(a={"type": "array", "items": TEXT}),
            "message.a[] was anything and becomes string",
        ),
        (record() | {"additionalProperties": True}, record(), "message takes no other fields any more"),
        (
            record(a={"type": "object", "additionalProperties": TEXT}),
            record(a={"type": "object", "additionalProperties": NUMBER}),
            "message.a.* was string and becomes number",
        ),
        (limited(9), limited(8), "message.wish.times: maximum was 9 and becomes 8"),
    ],
)
def test_what_is_no_longer_accepted_is_named(old: dict[str, Any], new: dict[str, Any], found: str) -> None:
    assert breaks(old, new) == [found]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (record(), record(a=TEXT)),
        (record(("a",), a=TEXT), record(a=TEXT)),
        (record(a=TEXT), record(a={"anyOf": [TEXT, NULL]})),
        (record(a={"type": "integer"}), record(a=NUMBER)),
        (record(a={**TEXT, "const": "x"}), record(a={**TEXT, "enum": ["x", "y"]})),
        (record(a={**TEXT, "maxLength": 3}), record(a={**TEXT, "maxLength": 4})),
        (record(a={**TEXT, "description": "old"}), record(a={**TEXT, "description": "new"})),
        (limited(8), limited(9)),
        (record(), record() | {"additionalProperties": True}),
    ],
)
def test_accepting_more_breaks_nobody(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert breaks(old, new) == []
    assert breaks(old, old) == []


def test_our_own_schema_can_be_judged_in_full() -> None:
    schema = VideoArrived.model_json_schema()
    assert breaks(schema, schema) == []
    narrower = schema | {"properties": {**schema["properties"], "uri": {"type": "string", "maxLength": 1}}}
    assert breaks(schema, narrower) == ["message.uri: maxLength was 4096 and becomes 1"]
