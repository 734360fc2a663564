from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from datalake import contracts
from datalake.contracts import (
    BronzeVideo,
    Chunk,
    ClaimedVideo,
    Contract,
    Finding,
    GoldVideo,
    MediaFacts,
    Options,
    Outcome,
    SilverVideo,
    VideoArrived,
    VideoProgress,
    VideoStream,
    WorkIdentity,
)

GOLDEN = Path(__file__).with_name("golden")
SHA = "ab" * 32
EVENT = UUID("0b9c3f6e-6f5c-4f55-9c2e-0d0f4f1f1a11")
SMALLEST = {"event_id": str(EVENT), "video_id": "C8x", "uri": "file:///videos/a.mp4"}

ARRIVED = VideoArrived(
    event_id=EVENT,
    video_id="Čau 🎬",
    uri="s3://bucket/a.mp4",
    platform="youtube",
    published_at=datetime(2026, 1, 2, 3, 4, 5, 678900, UTC),
    version=2**62,
    sha256=SHA,
    notify=("a@example.com",),
    options=Options(interval_s=0.5, max_frames=3),
    extra={"campaign": {"id": 1}},
)
CLAIMED = ClaimedVideo(
    message_id=EVENT, batch_id=EVENT, attempt=1, run_id="batch-1", version=(2**62, 0, 7), arrived=ARRIVED
)
FINDING = Finding(
    code="truncated", severity="error", evidence="ends at 2.0 of 5.3 s", remedy="Send it again."
)
STREAM = VideoStream(
    index=0, codec="h264", width_px=720, height_px=1280, rotation_deg=90, time_base=(1, 12800)
)
BRONZE = BronzeVideo(
    asset_id=SHA,
    size_bytes=1,
    raw_key=f"bronze/ab/{SHA}/raw",
    media=MediaFacts(container="mp4", duration_s=5.3, video=STREAM),
    findings=(FINDING,),
)
WORK = WorkIdentity(asset_id=SHA, model="open_clip:ViT-B-32/laion2b", settings_hash="0123456789abcdef")
SILVER = SilverVideo(
    work=WORK,
    fingerprint="f00d",
    manifest_key=f"{WORK.prefix}/manifest.json",
    vector_dim=512,
    frame_count=6,
    kept_count=5,
)
GOLD = GoldVideo(message_id=EVENT, asset_id=SHA, frame_rows=5, points=5)
OUTCOME = Outcome(kind="quarantined", reason="truncated", findings=(FINDING,))
PROGRESS = VideoProgress(claimed=CLAIMED, bronze=BRONZE, silver=SILVER, outcome=OUTCOME)
CHUNK = Chunk(label="youtube/1", batch_id=EVENT, attempt=1, videos=(PROGRESS,))
EVERY: list[Contract] = [ARRIVED, CLAIMED, BRONZE, SILVER, GOLD, OUTCOME, PROGRESS, CHUNK]

everywhere = pytest.mark.parametrize("record", EVERY, ids=lambda record: type(record).__name__)


@everywhere
def test_a_record_comes_back_from_json_as_it_was(record: Contract) -> None:
    plain = json.loads(json.dumps(record.model_dump(mode="json"), allow_nan=False))
    assert type(record).model_validate(plain) == record
    assert type(record).model_validate_json(record.model_dump_json()) == record


@everywhere
def test_a_record_is_closed_and_frozen(record: Contract) -> None:
    plain = record.model_dump(mode="json")
    with pytest.raises(ValidationError, match="surprise"):
        type(record).model_validate(plain | {"surprise": 1})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, next(iter(plain)), None)


def test_every_contract_is_tested_here() -> None:
    inner = {"Options", "Finding", "VideoStream", "MediaFacts", "WorkIdentity"}
    flat = {"SearchHit"}  # leaves by the API only, see the schemas
    defined = {
        name
        for name, value in vars(contracts).items()
        if isinstance(value, type) and issubclass(value, Contract) and value is not Contract
    }
    assert defined - inner - flat == {type(record).__name__ for record in EVERY}


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


def test_a_video_is_usable_unless_a_finding_is_an_error() -> None:
    warning = FINDING.model_copy(update={"severity": "warning"})
    assert not BRONZE.is_usable
    assert BRONZE.model_copy(update={"findings": (warning,)}).is_usable


def test_a_video_is_open_until_it_has_an_outcome_or_an_error() -> None:
    assert VideoProgress(claimed=CLAIMED).is_open
    assert not VideoProgress(claimed=CLAIMED, outcome=OUTCOME).is_open
    assert not VideoProgress(claimed=CLAIMED, error="KeyError").is_open


def test_work_lies_under_a_prefix_that_is_a_plain_path() -> None:
    assert WORK.prefix == f"silver/ab/{SHA}/open_clip-ViT-B-32-laion2b-0123456789abcdef"
    assert ".." not in WORK.model_copy(update={"model": "../../etc"}).prefix


def test_the_grid_shows_platform_and_id() -> None:
    assert CLAIMED.label == "youtube/Čau 🎬"
