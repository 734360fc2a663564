"""Examples of messages, drawn by hypothesis from a seed: what each must become is known where it can be."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from datalake.contracts import Options, VideoArrived
from datalake.ingest.messages import MAX_DEPTH

WORK = "work"
"""What a good message must become; a bad one has a reason."""
PLACEHOLDER = UUID("00000000-0000-4000-8000-00000000feed")
"""Event id of every example, to be replaced in each message made of it."""

_BEYOND_PYTHON = 5000  # digits of an integer


@dataclass(frozen=True)
class Example:
    """The bytes of a message, what kind it is, and what it must become; None where that is open."""

    kind: str
    payload: bytes
    expected: str | None = None


def examples(count: int, random_seed: int) -> list[Example]:
    """About so many examples, equally many of each kind; the same for a seed and version of hypothesis."""
    each = -(-count // len(_KINDS))
    return [
        example for place, kind in enumerate(_KINDS) for example in _drawn(kind, each, random_seed + place)
    ]


def _drawn(kind: st.SearchStrategy[Example], count: int, random_seed: int) -> list[Example]:
    drawn: list[Example] = []

    @seed(random_seed)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind)
    def draw(example: Example) -> None:
        drawn.append(example)

    draw()
    return drawn


_CLEAN = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00")
    | st.sampled_from('é中😀\u202e\ufeff\u0301\n"\\%{}'),
    min_size=1,
    max_size=60,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_WHITESPACE = st.text("\t\n\r ", max_size=3)
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "interval_s": st.floats(0.001, 3600),
        "max_frames": st.integers(1, 1_000_000),
        "validation_mode": st.sampled_from(["strict", "lenient", "report-only"]),
        "derivatives": st.lists(st.sampled_from(["poster", "proxy_480p", "proxy_1080p"]), max_size=3),
        "crop": st.booleans(),
        "labels": st.booleans(),
    },
)
_GOOD = st.fixed_dictionaries(
    {"event_id": st.just(str(PLACEHOLDER)), "video_id": _CLEAN, "uri": _CLEAN},
    optional={
        "schema_version": st.just(1),
        "platform": _CLEAN,
        "published_at": st.none() | st.datetimes().map(lambda moment: moment.isoformat()),
        "version": st.none() | st.integers(0, 2**62),
        "sha256": st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
        "notify": st.lists(st.just("ü@example.org") | st.emails(), max_size=3),
        "options": _OPTIONS,
        "likes": st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False),
        "title": _CLEAN,
    },
)


def _bytes(document: dict[str, Any], ascii_only: bool = True) -> bytes:
    # A lone surrogate has no UTF-8: written like this it is bytes that are not UTF-8 either.
    return json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def _with(document: dict[str, Any], name: str, raw: str) -> bytes:
    """The document with one more field, its value as raw JSON."""
    return _bytes(document)[:-1] + f", {json.dumps(name)}: {raw}}}".encode("utf-8", "surrogatepass")


def _kind(kind: str, payloads: st.SearchStrategy[bytes], expected: str | None = None) -> Any:
    return payloads.map(lambda payload: Example(kind, payload, expected))


def _raw(values: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """A good message with an unknown field whose value is this raw JSON, bare or somewhere inside."""
    places = st.sampled_from(["{}", "[1, {}]", '{{"a": {}}}', '{{"a": [null, {{"b": {}}}]}}'])
    inside = st.builds(lambda place, value: place.format(value), places, values)
    return st.builds(_with, _GOOD, st.just("x"), inside)


def _replaced(document: dict[str, Any], name: str, value: Any) -> bytes:
    if name in Options.model_fields:
        return _bytes({**document, "options": {name: value}})
    return _bytes({**document, name: value})


_DEEP = st.builds(
    lambda depth, bracket: bracket[0] * depth + "1" + bracket[1] * depth,
    st.sampled_from([MAX_DEPTH, MAX_DEPTH + 1, 100, 500, 1000, 3000, 100_000]),
    st.sampled_from([("[", "]"), ('{"a":', "}")]),
)
_KINDS = (
    _kind("good", st.builds(_bytes, _GOOD, st.booleans()), WORK),
    _kind(
        "good between spaces",
        st.builds(lambda a, d, b: a.encode() + _bytes(d) + b.encode(), _WHITESPACE, _GOOD, _WHITESPACE),
        WORK,
    ),
    _kind("byte order mark", _GOOD.map(lambda document: b"\xef\xbb\xbf" + _bytes(document)), WORK),
    _kind(
        "unknown fields",
        st.builds(
            lambda more, good: _bytes({**more, **good}),
            st.dictionaries(st.text(max_size=12), _JSON, max_size=4),
            _GOOD,
        ),
    ),
    _kind(
        "wrong value",
        st.builds(
            _replaced, _GOOD, st.sampled_from([*VideoArrived.model_fields, *Options.model_fields]), _JSON
        ),
    ),
    _kind(
        "field missing",
        st.builds(
            lambda document, name: _bytes({key: value for key, value in document.items() if key != name}),
            _GOOD,
            st.sampled_from(["event_id", "video_id", "uri"]),
        ),
        "invalid_field",
    ),
    _kind(
        "another version",
        st.builds(
            _replaced,
            _GOOD,
            st.just("schema_version"),
            st.integers().filter(lambda n: n != 1) | st.sampled_from([1.0, True, None, "1", [1]]),
        ),
        "unknown_version",
    ),
    _kind("NUL", _raw(st.sampled_from([r'"\u0000"', r'"a\u0000b"', r'{"\u0000": 1}'])), "nul"),
    _kind(
        "lone surrogate",
        _raw(st.sampled_from([r'"\ud800"', r'"\udc00\ud800"', r'{"\udfff": 1}'])),
        "lone_surrogate",
    ),
    _kind(
        "surrogate bytes",
        _GOOD.map(lambda document: _bytes({**document, "x": "\ud800"}, ascii_only=False)),
        "not_utf8",
    ),
    _kind("no number", _raw(st.sampled_from(["NaN", "Infinity", "-Infinity", "1e999", "-1E+400"])), "nan"),
    _kind("deep", st.builds(_with, _GOOD, st.just("x"), _DEEP), "too_deep"),
    _kind("huge integer", _raw(st.integers(1, 4000).map(lambda digits: "9" * digits)), WORK),
    _kind("endless integer", _raw(st.just("9" * _BEYOND_PYTHON)), "not_json"),
    _kind("tiny float", _raw(st.sampled_from(["1e-999", "-0.0", "5e-324", "1.7976931348623157e308"])), WORK),
    _kind(
        "key twice",
        st.builds(
            lambda document, name: _with(document, name, "1"),
            _GOOD,
            st.sampled_from(["event_id", "video_id", "uri"]),
        ),
        "duplicate_key",
    ),
    _kind("key twice inside", _raw(st.just('{"a": 1, "a": 1}')), "duplicate_key"),
    _kind(
        "no object",
        _JSON.filter(lambda value: not isinstance(value, dict) and _is_plain(value)).map(
            lambda value: json.dumps(value).encode()
        ),
        "not_an_object",
    ),
    _kind("text", st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))),
    _kind("bytes", st.binary(max_size=300)),
    _kind("UTF-16", _GOOD.map(lambda document: json.dumps(document).encode("utf-16")), "not_utf8"),
)


def _is_plain(value: Any) -> bool:
    """True when a value is JSON with nothing in it that is refused for another reason."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return not isinstance(value, float) or math.isfinite(value)
