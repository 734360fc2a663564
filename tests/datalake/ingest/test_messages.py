from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalake.contracts import VideoArrived
from datalake.errors import BadMessage
from datalake.ingest.messages import parse

GOOD = {"event_id": str(uuid.UUID(int=1)), "video_id": "C1", "uri": "file:///videos/a.mp4"}


def with_field(name: str, json_text: str) -> bytes:
    """The good message with one more field, as raw JSON."""
    return (json.dumps(GOOD)[:-1] + f', "{name}": {json_text}}}').encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


BAD = [
    (None, "no_value"),
    (b"", "not_json"),
    (b"{", "not_json"),
    (b"hello", "not_json"),
    (b"\xff\xfe{}", "not_utf8"),
    (b"[]", "not_an_object"),
    (b'"text"', "not_an_object"),
    (b"null", "not_an_object"),
    (b"{}", "invalid_field"),
    (b"x" * 2000, "too_large"),
    (with_field("score", "NaN"), "nan"),
    (with_field("score", "-Infinity"), "nan"),
    (with_field("score", "1e999"), "nan"),
    (with_field("title", r'"a\u0000b"'), "nul"),
    (with_field(r"a\u0000b", "1"), "nul"),
    (with_field("video", r'{"deep": ["a\u0000b"]}'), "nul"),
    (with_field("title", r'"\ud800"'), "lone_surrogate"),
    (with_field(r"\udfff", "1"), "lone_surrogate"),
    (with_field("deep", "[" * 40 + "]" * 40), "too_deep"),
    (with_field("number", "9" * 900), None),
    (with_field("schema_version", "2"), "unknown_version"),
    (with_field("schema_version", "true"), "unknown_version"),
    (with_field("schema_version", "1.0"), "unknown_version"),
    (with_field("schema_version", "null"), "unknown_version"),
    (with_field("uri", '"again"'), "duplicate_key"),
    (without("event_id"), "invalid_field"),
    (without("uri"), "invalid_field"),
    (with_field("sha256", '"abc"'), "invalid_field"),
    (with_field("version", "-1"), "invalid_field"),
    (with_field("notify", '["nobody"]'), "invalid_field"),
    (with_field("options", '{"interval_s": 0}'), "invalid_field"),
    (with_field("options", "7"), "invalid_field"),
    (with_field("published_at", '"yesterday"'), "invalid_field"),
    (with_field("published_at", '"0001-01-01T00:00:00+14:00"'), "invalid_field"),
]


@pytest.mark.parametrize(("payload", "reason"), BAD)
def test_every_bad_message_has_its_reason(payload: bytes | None, reason: str | None) -> None:
    if reason is None:
        assert parse(payload, strict=False, max_bytes=1500).video_id == "C1"
        return
    with pytest.raises(BadMessage) as caught:
        parse(payload, strict=False, max_bytes=1500)
    assert caught.value.reason == reason


def test_nesting_and_digits_beyond_python_are_bad_messages_too() -> None:
    with pytest.raises(BadMessage, match="too_deep"):
        parse(with_field("deep", "[" * 100_000 + "]" * 100_000), strict=False, max_bytes=10**6)
    with pytest.raises(BadMessage, match="not_json"):
        parse(with_field("number", "9" * 10_000), strict=False, max_bytes=10**6)


def test_a_good_message_is_read() -> None:
    payload = with_field("published_at", '"2026-11-21T10:00:00+00:00"')
    arrived = parse(payload, strict=True, max_bytes=1500)
    assert arrived.platform == "instagram"
    assert arrived.published_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert VideoArrived.model_validate_json(arrived.model_dump_json()) == arrived


def test_a_time_without_an_offset_is_utc() -> None:
    arrived = parse(with_field("published_at", '"2026-11-21T10:00:00"'), strict=True, max_bytes=1500)
    assert arrived.published_at == datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), strict=True, max_bytes=1500).video_id == "C1"


def test_unknown_fields_are_kept_or_refused() -> None:
    payload = json.dumps({**GOOD, "likes": 7, "options": {"interval_s": 2, "zoom": "auto"}}).encode()
    arrived = parse(payload, strict=False, max_bytes=1500)
    assert arrived.extra == {"likes": 7, "options": {"zoom": "auto"}}
    assert arrived.options.interval_s == 2
    with pytest.raises(BadMessage, match=r"unknown_field: .*likes, options\.zoom"):
        parse(payload, strict=True, max_bytes=1500)


def test_a_field_named_extra_is_unknown_like_any_other() -> None:
    payload = with_field("extra", '{"a": 1}')
    assert parse(payload, strict=False, max_bytes=1500).extra == {"extra": {"a": 1}}
    with pytest.raises(BadMessage, match="unknown_field"):
        parse(payload, strict=True, max_bytes=1500)


def test_details_do_not_repeat_values() -> None:
    payload = json.dumps({**GOOD, "uri": "s3://key:secret@bucket/" + "x" * 5000}).encode()
    with pytest.raises(BadMessage) as caught:
        parse(payload, strict=False, max_bytes=10**6)
    assert "secret" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_a_bad_message(payload: bytes) -> None:
    with pytest.raises(BadMessage):
        parse(payload, strict=False, max_bytes=1500)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_around_a_good_message_parses_storable_or_is_a_bad_message(
    around: dict[str, object],
) -> None:
    payload = json.dumps({**around, **GOOD}).encode()
    try:
        arrived = parse(payload, strict=False, max_bytes=10**6)
    except BadMessage:
        return
    stored = arrived.model_dump_json()
    assert "\\u0000" not in stored
    assert VideoArrived.model_validate_json(stored) == arrived
