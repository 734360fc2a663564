"""Turns a message's bytes into a VideoArrived, or says for ever why not. Pure: no clock, no network."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import ValidationError

from datalake.contracts import Options, VideoArrived
from datalake.errors import BadMessage

MAX_DEPTH = 32
MAX_DETAIL_CHARS = 500
_MESSAGES = uuid5(NAMESPACE_URL, "video-data-pipeline/message")
KNOWN_FIELDS = set(VideoArrived.model_fields) - {"extra"}
KNOWN_OPTIONS = set(Options.model_fields)


def message_id(coordinates: object) -> UUID:
    """The id of the message at these coordinates, the same however often it is read."""
    return uuid5(_MESSAGES, str(coordinates))


def parse(payload: bytes | None, strict: bool, max_bytes: int) -> VideoArrived:
    """The record in a message.

    Args:
        payload: value of the message; None when it had none.
        strict: refuse unknown fields; otherwise they are kept in `extra`.
        max_bytes: largest payload accepted.

    Raises:
        BadMessage: with one of the reasons no_value, too_large, not_utf8, not_json, nan, duplicate_key,
            not_an_object, nul, lone_surrogate, too_deep, unknown_version, unknown_field, invalid_field.
    """
    if payload is None:
        raise BadMessage("no_value", "the message has no value")
    if len(payload) > max_bytes:
        raise BadMessage("too_large", f"{len(payload)} bytes; at most {max_bytes} are accepted")
    document = _json_object(payload)
    _refuse_unstorable(document, depth=1)
    _refuse_unknown_version(document)
    fields, extra = _split_unknown(document)
    if strict and extra:
        raise BadMessage("unknown_field", _cut(f"unknown in version 1: {', '.join(_unknown_names(extra))}"))
    try:
        return VideoArrived.model_validate({**fields, "extra": extra})
    except ValidationError as error:
        raise BadMessage("invalid_field", _explained(error)) from None


def _json_object(payload: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            payload.decode("utf-8-sig"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise BadMessage("not_utf8", f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadMessage("not_json", f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise BadMessage("too_deep", f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:  # an integer of more digits than Python converts
        raise BadMessage("not_json", "a number has too many digits") from None
    if not isinstance(document, dict):
        raise BadMessage("not_an_object", f"expected a JSON object, found {type(document).__name__}")
    return document


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise BadMessage("duplicate_key", "a key occurs twice in one object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise BadMessage("nan", f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadMessage("nan", "a number is too large")
    return number


def _refuse_unstorable(value: Any, depth: int) -> None:
    """What PostgreSQL, or whoever reads the record next, cannot hold."""
    if depth > MAX_DEPTH:
        raise BadMessage("too_deep", f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        _refuse_unstorable_text(value)
    elif isinstance(value, list):
        for item in value:
            _refuse_unstorable(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unstorable_text(key)
            _refuse_unstorable(item, depth + 1)


def _refuse_unstorable_text(text: str) -> None:
    if "\x00" in text:
        raise BadMessage("nul", "a text contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadMessage("lone_surrogate", "a text contains half of a surrogate pair") from None


def _refuse_unknown_version(document: dict[str, Any]) -> None:
    version = document.get("schema_version", 1)
    if type(version) is not int or version != 1:
        raise BadMessage("unknown_version", _cut(f"schema_version {version!r}; only version 1 is known"))


def _split_unknown(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of version 1, and everything else."""
    fields = {name: value for name, value in document.items() if name in KNOWN_FIELDS}
    extra = {name: value for name, value in document.items() if name not in KNOWN_FIELDS}
    options = fields.get("options")
    if isinstance(options, dict) and (unknown := set(options) - KNOWN_OPTIONS):
        extra["options"] = {name: options[name] for name in options if name in unknown}
        fields["options"] = {name: options[name] for name in options if name not in unknown}
    return fields, extra


def _unknown_names(extra: dict[str, Any]) -> list[str]:
    names = [name for name in extra if name != "options"]
    return names + [f"options.{name}" for name in extra.get("options", ())]


def _explained(error: ValidationError) -> str:
    """Where and what, without the values: a URI may carry a password."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return _cut("; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found[:5]))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_DETAIL_CHARS else text[: MAX_DETAIL_CHARS - 1] + "…"
