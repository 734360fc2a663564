from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from pydantic import ValidationError

from datalake import contracts
from datalake.contracts import (
    Assessment,
    AudioStream,
    BronzeVideo,
    Chunk,
    ClaimedVideo,
    Colour,
    Contract,
    Derivative,
    Derivatives,
    Finding,
    GoldVideo,
    MediaFacts,
    Options,
    Outcome,
    QualityReport,
    QualityScore,
    RefinedVideo,
    SilverVideo,
    SourceFacts,
    VideoArrived,
    VideoMetadata,
    VideoProgress,
    VideoStream,
    WorkIdentity,
)

SHA = "ab" * 32
EVENT = UUID("0b9c3f6e-6f5c-4f55-9c2e-0d0f4f1f1a11")

ARRIVED = VideoArrived(
    event_id=EVENT,
    video_id="Čau 🎬",
    uri="s3://bucket/a.mp4",
    platform="youtube",
    published_at=datetime(2026, 1, 2, 3, 4, 5, 678900, UTC),
    version=2**62,
    sha256=SHA,
    notify=("a@example.com",),
    options=Options(
        interval_s=0.5,
        max_frames=3,
        validation_mode="report-only",
        derivatives=("poster", "proxy_480p"),
        crop=True,
        labels=False,
    ),
    extra={"campaign": {"id": 1}},
)
CLAIMED = ClaimedVideo(
    message_id=EVENT, batch_id=EVENT, attempt=1, run_id="batch-1", version=(2**62, 0, 7), arrived=ARRIVED
)
FINDING = Finding(
    code="truncated", severity="error", evidence="ends at 2.0 of 5.3 s", remedy="Send it again."
)
BT2020 = Colour(primaries="bt2020", transfer="smpte2084", matrix="bt2020nc", range="tv")
STREAM = VideoStream(
    index=0,
    codec="h264",
    width_px=720,
    height_px=1280,
    rotation_deg=90,
    pixel_aspect=(4, 3),
    time_base=(1, 12800),
    colour=BT2020,
    is_interlaced=True,
)
MEDIA = MediaFacts(
    container="mp4",
    duration_s=5.3,
    measured_duration_s=2.0,
    recorded_at=datetime(2015, 10, 21, 7, 28, tzinfo=UTC),
    tags={"title": "Čau"},
    video=STREAM,
    audio=AudioStream(index=1, codec="aac", channels=2, peak_dbfs=-120.0),
)
SOURCE = SourceFacts(
    uri="s3://bucket/a.mp4",
    size_bytes=1,
    etag='"1"',
    modified_at=datetime(2015, 10, 21, 7, 28, tzinfo=UTC),
    headers={"x-amz-meta-owner": "me"},
)
BRONZE = BronzeVideo(
    asset_id=SHA,
    size_bytes=1,
    raw_key=f"bronze/ab/{SHA}/raw",
    source=SOURCE,
    media=MEDIA,
    findings=(FINDING,),
    blocking=("truncated",),
)
WORK = WorkIdentity(asset_id=SHA, model="open_clip:ViT-B-32/laion2b", settings_hash="0123456789abcdef")
SILVER = SilverVideo(
    work=WORK,
    fingerprint="f00d",
    manifest_key=f"{WORK.prefix}/manifest.json",
    vector_dim=512,
    frame_count=6,
    kept_count=5,
    pipeline_version="2",
    findings=(FINDING.model_copy(update={"code": "decode_failed"}),),
)
ASSESSMENT = Assessment(
    asset_id=SHA,
    metadata=VideoMetadata(width_px=720, height_px=1280, orientation="portrait", colour=BT2020),
    quality=QualityReport(overall=0.5, parts=(QualityScore(name="sharpness", score=0.5),), frame_count=6),
    best_frame_us=1_000_000,
    findings=(FINDING.model_copy(update={"code": "audio_gap", "severity": "warning"}),),
)
POSTER = Derivative(
    name="poster",
    asset_id=SHA,
    settings_hash=WORK.settings_hash,
    pipeline_version="2",
    key=f"{WORK.prefix}/poster.jpg",
    sha256=SHA,
    media_type="image/jpeg",
    size_bytes=7,
    width_px=720,
    height_px=1280,
    time_us=1_000_000,
)
FAILED = FINDING.model_copy(update={"code": "derivative_failed", "severity": "warning"})
DERIVATIVES = Derivatives(asset_id=SHA, items=(POSTER,), findings=(FAILED,))
REFINED = RefinedVideo(
    claimed=CLAIMED, bronze=BRONZE, silver=SILVER, assessment=ASSESSMENT, derivatives=DERIVATIVES
)
OUTCOME = Outcome(kind="quarantined", reason="truncated", findings=(FINDING,))
GOLD = GoldVideo(message_id=EVENT, asset_id=SHA, frame_count=5, point_count=5, outcome=OUTCOME)
PROGRESS = VideoProgress(
    claimed=CLAIMED,
    bronze=BRONZE,
    silver=SILVER,
    assessment=ASSESSMENT,
    derivatives=DERIVATIVES,
    outcome=OUTCOME,
)
CHUNK = Chunk(label="youtube/1", batch_id=EVENT, attempt=1, videos=(PROGRESS,))
EVERY: list[Contract] = [
    ARRIVED,
    CLAIMED,
    BRONZE,
    SILVER,
    ASSESSMENT,
    DERIVATIVES,
    REFINED,
    GOLD,
    OUTCOME,
    PROGRESS,
    CHUNK,
]

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


def parts_of(annotation: Any) -> set[str]:
    """Names of the records in a field's type, and of those in theirs."""
    if isinstance(annotation, type) and issubclass(annotation, Contract):
        return {annotation.__name__}.union(
            *(parts_of(f.annotation) for f in annotation.model_fields.values())
        )
    return set().union(*map(parts_of, get_args(annotation)))


def test_every_contract_is_tested_here() -> None:
    flat = {"SearchHit"}  # leaves by the API only, see the schemas
    defined = {
        name
        for name, value in vars(contracts).items()
        if isinstance(value, type) and issubclass(value, Contract) and value is not Contract
    }
    assert defined - flat == set().union(*(parts_of(type(record)) for record in EVERY))


def test_what_was_noticed_is_told_in_the_order_of_the_layers() -> None:
    codes = [finding.code for finding in REFINED.findings]
    assert codes == ["truncated", "decode_failed", "audio_gap", "derivative_failed"]


@pytest.mark.parametrize("score", [-0.01, 1.01, math.nan])
def test_a_score_is_between_0_and_1(score: float) -> None:
    with pytest.raises(ValidationError):
        QualityScore(name="sharpness", score=score)
    with pytest.raises(ValidationError):
        QualityReport(overall=score, frame_count=1)


def test_a_video_is_usable_unless_something_blocks_it() -> None:
    assert not BRONZE.is_usable
    assert BRONZE.model_copy(update={"blocking": ()}).is_usable


def test_a_video_is_open_until_it_has_an_outcome_or_an_error() -> None:
    assert VideoProgress(claimed=CLAIMED).is_open
    assert not VideoProgress(claimed=CLAIMED, outcome=OUTCOME).is_open
    assert not VideoProgress(claimed=CLAIMED, error="KeyError").is_open


def test_work_lies_under_a_prefix_that_is_a_plain_path() -> None:
    assert WORK.prefix == f"silver/ab/{SHA}/open_clip-ViT-B-32-laion2b-0123456789abcdef"
    assert ".." not in WORK.model_copy(update={"model": "../../etc"}).prefix


def test_the_grid_shows_platform_and_id() -> None:
    assert CLAIMED.label == "youtube/Čau 🎬"


@pytest.mark.parametrize(("stated_s", "measured_s", "best_s"), [(9.0, 8.0, 8.0), (9.0, None, 9.0)])
def test_what_was_measured_counts_more_than_what_is_stated(
    stated_s: float, measured_s: float | None, best_s: float
) -> None:
    media = MediaFacts(container="mp4", duration_s=stated_s, measured_duration_s=measured_s)
    assert media.best_duration_s == best_s


def test_pictures_can_be_decoded_where_they_and_their_end_were_seen() -> None:
    assert MEDIA.is_decodable
    assert not MEDIA.model_copy(update={"video": None}).is_decodable
    assert not MEDIA.model_copy(update={"measured_duration_s": None}).is_decodable


@pytest.mark.parametrize(
    ("transfer", "expected"), [("smpte2084", True), ("arib-std-b67", True), ("bt709", False), (None, False)]
)
def test_the_transfer_curve_makes_hdr(transfer: str | None, expected: bool) -> None:
    assert Colour(transfer=transfer).is_hdr is expected
