"""docs/schemas.md: the records that cross a boundary, field by field."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic.fields import FieldInfo

from datalake.contracts import Contract
from datalake.reference.graph import type_name
from datalake.reference.markdown import anchor, code, page, table
from datalake.reference.schemas import PUBLISHED, SENT_BY_OTHERS, file_name

_INTRO = """\
Records are frozen, closed (an unknown field is refused, except in messages on a lenient topic) and JSON
in and out. What was once a valid message stays one: the schemas marked *sent by others* only ever accept
more."""


def schemas_page() -> str:
    """Each published record, then those that they are made of."""
    parts = [part for part in _reachable() if part not in PUBLISHED]
    index = "\n".join(f"* [{one.__name__}]({anchor(one.__name__)}): {_words(one)}" for one in PUBLISHED)
    published = (_record(one, _link(one)) for one in PUBLISHED)
    blocks = [*published, "## Parts of them", *(_record(part, "", "###") for part in parts)]
    return page("Schemas", "the records in `datalake/contracts/`", _INTRO, index, *blocks)


def _reachable() -> list[type[Contract]]:
    """Every record that a published one holds, in the order in which a reader meets them."""
    found: dict[type[Contract], None] = {}
    waiting = list(PUBLISHED)
    while waiting:
        record = waiting.pop(0)
        record.model_rebuild()  # resolves names that the module defines only later
        found[record] = None
        fields = (part for field in record.model_fields.values() for part in _records(field.annotation))
        waiting.extend(part for part in fields if part not in found and part not in waiting)
    return list(found)


def _records(kind: Any) -> Iterator[type[Contract]]:
    """Records named in a type."""
    if inspect.isclass(kind) and issubclass(kind, Contract):
        yield kind
    for argument in get_args(kind):
        yield from _records(argument)


def _record(record: type[Contract], link: str, level: str = "##") -> str:
    fields = table(
        ("Field", "Type", "Default", "What it is"),
        (
            (code(name), _linked(field.annotation), _default(field), field.description or "")
            for name, field in record.model_fields.items()
        ),
    )
    return "\n\n".join(
        block for block in (f"{level} {record.__name__}", _words(record), link, fields) if block
    )


def _link(record: type[Contract]) -> str:
    marks = ", sent by others" if record in SENT_BY_OTHERS else ""
    return f"[schemas/{file_name(record)}](schemas/{file_name(record)}){marks}"


def _linked(kind: Any) -> str:
    """The type, and where it is explained."""
    links = (f"[→]({anchor(record.__name__)})" for record in dict.fromkeys(_records(kind)))
    return " ".join((code(type_name(kind)), *links))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, Contract):
        return "its defaults"
    return code(json.dumps(default, ensure_ascii=False))


def _words(record: type[Contract]) -> str:
    return " ".join(inspect.cleandoc(record.__doc__ or "").split("\n\n")[0].split())
