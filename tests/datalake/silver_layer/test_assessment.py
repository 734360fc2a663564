from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datalake.adapters.ports import FrameRow
from datalake.contracts import Assessment, VideoMetadata
from datalake.pipeline import run_layer
from datalake.settings import QualitySettings
from tests.datalake.silver_layer.records import ASSET_ID, bronze_video, media, silver_video, sound, stream
from tests.datalake.silver_layer.rows import rows, stored


def assessed(frames: Sequence[FrameRow], facts: Any = None, **thresholds: float) -> Assessment:
    table = stored(frames)
    records = {
        "bronze_video": bronze_video(media=facts),
        "silver_video": silver_video(part_keys=tuple(table.parts)),
        "frame_table": table,
    }
    made = run_layer("assessment", {**records, **QualitySettings().model_dump(), **thresholds})
    assert isinstance(made, Assessment)
    return made


def codes(assessment: Assessment) -> list[str]:
    return [finding.code for finding in assessment.findings]


def test_a_good_video_has_a_score_near_one_and_no_findings() -> None:
    facts = media(video=stream(measured_frames=250), audio=sound(duration_s=10.2), tags={"title": "x"})
    made = assessed(rows(10), facts)
    assert made.findings == ()
    assert 0.9 < made.quality.overall < 1.0
    assert [part.name for part in made.quality.parts] == [
        "sharpness",
        "content",
        "exposure",
        "resolution",
        "contrast",
        "motion",
        "frame_rate",
        "sound",
    ]
    assert made.asset_id == ASSET_ID
    assert (made.metadata.resolution_class, made.metadata.effective_frame_rate_fps) == ("full_hd", 25.0)
    assert made.metadata.tags == {"title": "x"}
    assert made.best_frame_us == 0


def test_a_file_that_is_no_video_is_worth_nothing_and_breaks_nothing() -> None:
    made = assessed([])
    assert (made.quality.overall, made.quality.frame_count, made.best_frame_us) == (0.0, 0, None)
    assert made.metadata == VideoMetadata()
    assert made.findings == ()


def test_a_black_video_is_said_to_be_black_and_nothing_more() -> None:
    made = assessed(rows(10, brightness=5.0, contrast=0.0, blank_share=1.0, blur=0.0, difference=0.0))
    assert codes(made) == ["black_video"]
    assert made.quality.is_black
    assert made.quality.is_frozen
    assert 0.0 < made.quality.overall < 0.1
    assert "100% of 10 frames" in made.findings[0].evidence


def test_a_blank_video_is_said_to_be_blank_and_nothing_more() -> None:
    made = assessed(rows(10, contrast=0.5, blank_share=1.0, blur=0.0, difference=0.0))
    assert codes(made) == ["blank_video"]
    assert (made.quality.is_blank, made.quality.is_black) == (True, False)


def test_a_white_page_with_a_line_of_text_is_neither_blank_nor_badly_lit() -> None:
    made = assessed(rows(10, blank_share=0.99, brightness=253.0, contrast=18.0, blur=150.0))
    assert made.findings == ()
    assert not made.quality.is_blank
    assert made.quality.overall > 0.7


def test_a_still_and_blurred_video_is_both() -> None:
    made = assessed(rows(10, blur=1.0, difference=0.1))
    assert codes(made) == ["blurred_video", "frozen_video"]
    assert made.quality.is_blurred
    assert made.quality.is_frozen
    assert {finding.severity for finding in made.findings} == {"warning"}


def test_a_threshold_changes_the_decision_and_not_the_measure() -> None:
    soft = rows(10, blur=30.0)
    strict, tolerant = assessed(soft), assessed(soft, blur_min=20.0)
    assert (codes(strict), codes(tolerant)) == (["blurred_video"], [])
    assert (strict.quality.blurred_share, tolerant.quality.blurred_share) == (1.0, 0.0)
    assert strict.quality.parts[0].measured == tolerant.quality.parts[0].measured == 30.0


def test_sound_that_is_silent_and_ends_early_is_told() -> None:
    made = assessed(rows(10), media(audio=sound(peak_dbfs=-120.0, duration_s=4.0)))
    assert codes(made) == ["silent_audio", "audio_gap"]
    assert "-120 dBFS" in made.findings[0].evidence
    assert "6.00 s shorter" in made.findings[1].evidence
    assert made.quality.is_silent
    assert made.quality.has_audio_gap
    assert made.quality.audio_gap_s == -6.0
