from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from datalake.contracts import Options, VideoArrived

GOLDEN = Path(__file__).parents[1] / "golden"
SMALLEST = {
    "event_id": "0b9c3f6e-6f5c-4f55-9c2e-0d0f4f1f1a11",
    "video_id": "C8x",
    "uri": "file:///videos/a.mp4",
}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_messages_of_version_1_are_understood_for_ever(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    arrived = VideoArrived.model_validate(golden["message"])
    assert arrived.model_dump(mode="json") == golden["means"]


@pytest.mark.parametrize("field", ["video_id", "uri", "platform"])
@pytest.mark.parametrize("text", ["", "a\x00b", "a\ud800b", "\udfff", "x" * 5000])
def test_text_that_postgres_cannot_hold_is_refused(field: str, text: str) -> None:
    with pytest.raises(ValidationError, match=field):
        VideoArrived.model_validate(SMALLEST | {field: text})


def test_escaped_surrogates_and_nul_in_json_are_refused() -> None:
    for bad in (r"\ud800", r"\u0000"):
        with pytest.raises(ValidationError):
            VideoArrived.model_validate_json(json.dumps(SMALLEST).replace("C8x", bad))


@pytest.mark.parametrize("value", [5e-324, 0.0009, math.nan, math.inf, -math.inf, 0, -1, 3601, "abc"])
def test_an_interval_that_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match="interval_s"):
        VideoArrived.model_validate(SMALLEST | {"options": {"interval_s": value}})


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_no_json_are_refused(literal: str) -> None:
    text = json.dumps(SMALLEST | {"options": {"interval_s": "HERE"}}).replace('"HERE"', literal)
    with pytest.raises(ValidationError):
        VideoArrived.model_validate_json(text)


@pytest.mark.parametrize("value", ["a\x00", "\ud800", math.nan, -math.inf, [{"k": ["\x00"]}], {"\x00": 1}])
def test_unknown_fields_are_kept_only_if_they_can_be_stored(value: Any) -> None:
    with pytest.raises(ValidationError, match="extra"):
        VideoArrived.model_validate(SMALLEST | {"extra": {"fine": 1, "bad": value}})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema_version", 2),
        ("schema_version", "1"),
        ("event_id", "not a uuid"),
        ("version", -1),
        ("version", 2**62 + 1),
        ("version", 1.5),
        ("sha256", "AB" * 32),
        ("sha256", "ab"),
        ("notify", ["no address"]),
        ("notify", ["a@b, c@d"]),
        ("notify", ["a@b\nBcc: c@d"]),
        ("notify", ["a@b\x00"]),
        ("notify", ["a@example.com"] * 21),
        ("notify", "a@example.com"),
        ("published_at", "yesterday"),
        ("options", {"sampling": "random"}),
        ("options", {"unknown": 1}),
        ("options", {"max_frames": 0}),
        ("options", {"validation_mode": "loose"}),
        ("options", {"crop": "perhaps"}),
        ("options", {"derivatives": "poster"}),
        ("options", {"derivatives": ["poster"] * 9}),
        ("uri", None),
        ("uri", 5),
    ],
)
def test_values_outside_the_contract_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        VideoArrived.model_validate(SMALLEST | {field: value})


@pytest.mark.parametrize("field", SMALLEST)
def test_what_is_required_is_required(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        VideoArrived.model_validate({name: value for name, value in SMALLEST.items() if name != field})


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=255))
def test_every_other_text_is_an_id_and_comes_back(video_id: str) -> None:
    arrived = VideoArrived.model_validate(SMALLEST | {"video_id": video_id})
    assert arrived.video_id == video_id
    assert VideoArrived.model_validate_json(arrived.model_dump_json()) == arrived


@pytest.mark.parametrize("name", ["poster", "proxy_144p", "proxy_480p", "proxy_2160p"])
def test_a_derivative_has_a_known_name(name: str) -> None:
    assert Options(derivatives=(name,)).derivatives == (name,)


@pytest.mark.parametrize(
    "name", ["", "Poster", "poster ", "posters", "proxy_480", "proxy_481p", "../proxy_480p"]
)
def test_another_name_of_a_derivative_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="derivatives"):
        Options.model_validate({"derivatives": [name]})
