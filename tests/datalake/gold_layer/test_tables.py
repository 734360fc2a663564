"""What gold's tables hold of a video, on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from datalake.contracts import (
    Assessment,
    Colour,
    Derivatives,
    Outcome,
    QualityReport,
    QualityScore,
    RefinedVideo,
    SourceFacts,
    VideoMetadata,
)
from datalake.findings import finding

from .conftest import PostgresMessages, World
from .examples import VERSION, asset_of, bronze_of, derivative_of

pytestmark = pytest.mark.postgres

BLURRED = finding("blurred_video", "9 of 10 frames are blurred.")
DAMAGED = finding("decode_failed", "2 of 10 windows")
METADATA = VideoMetadata(
    duration_s=5.28,
    width_px=720,
    height_px=1280,
    orientation="portrait",
    resolution_class="hd",
    rotation_deg=90,
    container="mov,mp4,m4a,3gp,3g2,mj2",
    video_codec="hevc",
    audio_codec="aac",
    bit_rate_bps=3_000_000_000,
    effective_frame_rate_fps=29.97,
    is_variable_frame_rate=True,
    is_hdr=True,
    colour=Colour(primaries="bt2020", transfer="smpte2084"),
    recorded_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    tags={"title": "Ünïcode 😀", "location": "+48.1-16.3/"},
)
SHARP = QualityScore(name="sharpness", score=0.25, measured=30.0, unit="variance")
QUALITY = QualityReport(
    overall=0.42,
    parts=(SHARP,),
    frame_count=4,
    blurred_share=0.75,
    dark_share=0.5,
    blank_share=0.25,
    frozen_share=0.125,
    letterboxed_share=1.0,
    is_blank=True,
    is_frozen=True,
    has_audio_gap=True,
    audio_gap_s=-1.5,
)


@pytest.fixture
def messages(pg_world: World) -> PostgresMessages:
    assert isinstance(pg_world.messages, PostgresMessages)
    return pg_world.messages


def assessed(world: World, video_id: str = "a", version: int = 1, content: str = "bytes") -> RefinedVideo:
    """A video with something in every field."""
    assessment = Assessment(
        asset_id=asset_of(content),
        metadata=METADATA,
        quality=QUALITY,
        best_frame_us=500_000,
        findings=(BLURRED,),
    )
    poster = derivative_of(world.silver(content))
    proxy = derivative_of(world.silver(content), name="proxy_480p", duration_s=5.2, time_us=None)
    derivatives = Derivatives(asset_id=asset_of(content), items=(poster, proxy))
    video = world.refined(world.messages.send(video_id, version), content, assessment, derivatives)
    source = SourceFacts(uri="https://host/a.mp4", etag='"x"', headers={"server": "nginx"})
    return video.model_copy(
        update={
            "bronze": bronze_of(content).model_copy(update={"source": source}),
            "silver": video.silver.model_copy(update={"findings": (DAMAGED,)}),
        }
    )


def test_video_is_described_as_assessed(pg_world: World, messages: PostgresMessages) -> None:
    pg_world.gold_of(assessed(pg_world))
    [video] = messages.table("SELECT * FROM videos")
    elsewhere = {"video_codec", "colour"}
    described = METADATA.model_dump(exclude=elsewhere)
    assert {name: video[name] for name in described} == described
    assert video["codec"] == "hevc"
    assert video["colour"] == METADATA.colour.model_dump()
    assert (video["quality_score"], video["pipeline_version"], video["kept_count"]) == (0.42, VERSION, 3)
    assert (video["source"]["etag"], video["source"]["headers"]) == ('"x"', {"server": "nginx"})


def test_quality_is_reported_with_its_parts(pg_world: World, messages: PostgresMessages) -> None:
    pg_world.gold_of(assessed(pg_world))
    [report] = messages.table("SELECT * FROM quality_reports")
    assert (report["platform"], report["video_id"], report["overall"]) == ("instagram", "a", 0.42)
    stated = QUALITY.model_dump(mode="json")
    assert {name: report[name] for name in stated} == stated
    assert report["best_frame_us"] == 500_000
    assert report["findings"] == [BLURRED.model_dump()]


def test_frames_hold_scores_box_and_provenance(pg_world: World, messages: PostgresMessages) -> None:
    pg_world.gold_of(assessed(pg_world))
    kept, *_, repeated = messages.table("SELECT * FROM frames ORDER BY time_us")
    assert [kept[f"box_{side}_px"] for side in ("left", "top", "width", "height")] == [0, 6, 64, 36]
    assert (kept["contrast"], kept["blank_share"], kept["difference"]) == (40.0, 0.25, None)
    assert (kept["sha256"], repeated["sha256"]) == (asset_of("image 0"), None)
    assert (repeated["difference"], repeated["pipeline_version"]) == (1.5, VERSION)


def test_derivatives_are_catalogued_once_and_follow_their_last_making(
    pg_world: World, messages: PostgresMessages
) -> None:
    first, second = assessed(pg_world, "a"), assessed(pg_world, "b")
    pg_world.gold_of(first)
    later = derivative_of(second.silver, time_us=500_000, key="frames/another.jpg")
    items = (later, *second.derivatives.items[1:])
    made = second.derivatives.model_copy(update={"items": items})
    pg_world.gold_of(second.model_copy(update={"derivatives": made}))
    poster, proxy = messages.table("SELECT * FROM derivatives ORDER BY name")
    assert (poster["name"], poster["file_key"], poster["time_us"]) == (
        "poster",
        "frames/another.jpg",
        500_000,
    )
    assert (proxy["name"], proxy["duration_s"], proxy["time_us"]) == ("proxy_480p", 5.2, None)
    assert (proxy["asset_id"], proxy["pipeline_version"]) == (asset_of("bytes"), VERSION)


def test_everything_noticed_is_in_the_outcome(pg_world: World, messages: PostgresMessages) -> None:
    video = assessed(pg_world)
    gold = pg_world.gold_of(video)
    assert gold.outcome == Outcome(kind="done", findings=(DAMAGED, BLURRED))
    assert messages.outcome(video.claimed) == gold.outcome


def test_newer_message_replaces_the_report(pg_world: World, messages: PostgresMessages) -> None:
    pg_world.gold_of(assessed(pg_world, "a", version=1))
    pg_world.gold(messages.send("a", version=2), "new bytes")
    [report] = messages.table("SELECT overall, parts, findings FROM quality_reports")
    assert report == {"overall": 0.5, "parts": [], "findings": []}
    [video] = messages.table("SELECT tags, audio_codec, source FROM videos")
    assert video == {"tags": {}, "audio_codec": None, "source": None}


def test_derivatives_stay_with_their_holder_and_go_with_the_last(
    pg_world: World, messages: PostgresMessages
) -> None:
    for video_id in ("a", "b"):
        pg_world.gold_of(assessed(pg_world, video_id, version=1))
    pg_world.gold(messages.send("a", version=2), "new bytes")
    assert messages.table("SELECT count(*) FROM derivatives") == [{"count": 2}]
    pg_world.gold(messages.send("b", version=2), "new bytes")
    assert messages.table("SELECT count(*) FROM derivatives") == [{"count": 0}]
    assert messages.table("SELECT DISTINCT asset_id FROM frames") == [{"asset_id": asset_of("new bytes")}]


def test_video_of_which_nothing_could_be_decoded_is_reported(
    pg_world: World, messages: PostgresMessages
) -> None:
    claimed = messages.send("a")
    nothing = Assessment(
        asset_id=asset_of("noise"), metadata=VideoMetadata(), quality=QualityReport(overall=0, frame_count=0)
    )
    assert pg_world.gold(claimed, "noise", assessment=nothing, kept=0).outcome.kind == "done"
    [video] = messages.table("SELECT duration_s, codec, kept_count, quality_score FROM videos")
    assert tuple(video.values()) == (None, None, 0, 0)
    assert messages.table("SELECT frame_count FROM quality_reports") == [{"frame_count": 0}]
