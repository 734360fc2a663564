from __future__ import annotations

import pytest

from datalake.contracts import QualityScore
from datalake.silver_layer import scoring
from tests.datalake.silver_layer.records import sound
from tests.datalake.silver_layer.rows import flags, rows, scores


def score_of(part: QualityScore | None) -> float:
    assert part is not None
    return part.score


@pytest.mark.parametrize(("blur", "expected"), [(0.0, 0.0), (60.0, 0.5), (540.0, 0.9)])
def test_sharpness_is_half_at_the_threshold(blur: float, expected: float) -> None:
    assert score_of(scoring.sharpness(scores(rows(2, blur=blur)), flags(False, False), 60.0)) == expected


def test_blank_frames_have_no_sharpness() -> None:
    assert scoring.sharpness(scores(rows(2)), flags(True, True), 60.0) is None


def test_a_threshold_of_zero_calls_nothing_blurred() -> None:
    assert score_of(scoring.sharpness(scores(rows(2, blur=0.0)), flags(False, False), 0.0)) == 1.0


@pytest.mark.parametrize(
    ("luma", "expected"), [(0.0, 0.0), (32.0, 0.5), (64.0, 1.0), (191.0, 1.0), (223.0, 0.5), (255.0, 0.0)]
)
def test_exposure_falls_towards_black_and_white(luma: float, expected: float) -> None:
    assert score_of(scoring.exposure(scores(rows(2, brightness=luma, contrast=0.0)))) == expected


@pytest.mark.parametrize(("luma", "contrast", "expected"), [(255, 12, 0.5), (250, 30, 1), (32, 6, 0.5)])
def test_a_bright_page_with_clear_text_is_well_exposed(luma: float, contrast: float, expected: float) -> None:
    assert score_of(scoring.exposure(scores(rows(2, brightness=luma, contrast=contrast)))) == expected


@pytest.mark.parametrize(("deviation", "expected"), [(0.0, 0.0), (24.0, 0.5), (90.0, 1.0)])
def test_contrast_is_full_from_48_on(deviation: float, expected: float) -> None:
    assert score_of(scoring.contrast(scores(rows(2, contrast=deviation)))) == expected


def test_content_and_motion_are_shares() -> None:
    found = scores(rows(3))
    assert score_of(scoring.content(found, 0.25)) == 0.75
    assert score_of(scoring.motion(found, 1.0)) == 0.5
    assert score_of(scoring.motion(found, 0.0)) == 1.0
    assert scoring.motion(scores(rows(1)), 0.0) is None


@pytest.mark.parametrize(("side_px", "expected"), [(270, 0.5), (1080, 1.0), (4320, 1.0)])
def test_resolution_is_full_at_full_hd(side_px: int, expected: float) -> None:
    assert score_of(scoring.resolution(side_px)) == expected


@pytest.mark.parametrize(("fps", "expected"), [(6.0, 0.5), (24.0, 1.0), (60.0, 1.0)])
def test_frame_rate_is_full_at_that_of_the_cinema(fps: float, expected: float) -> None:
    assert score_of(scoring.frame_rate(fps)) == expected


@pytest.mark.parametrize(("peak", "expected"), [(-120.0, 0.5), (-60.0, 0.5), (-36.0, 0.75), (0.0, 1.0)])
def test_sound_is_never_worth_less_than_half(peak: float, expected: float) -> None:
    part = scoring.sound(sound(peak_dbfs=peak))
    assert score_of(part) == expected
    assert part is not None and (part.measured, part.unit) == (peak, "dBFS")


def test_what_was_not_measured_is_no_part() -> None:
    nothing = scores()
    assert scoring.exposure(nothing) is None
    assert scoring.contrast(nothing) is None
    assert scoring.content(nothing, 0.0) is None
    assert scoring.resolution(None) is None
    assert scoring.frame_rate(None) is None
    assert scoring.sound(None) is None
    only = QualityScore(name="content", score=0.5)
    assert scoring.quality_parts(None, only, None, None, None, None, None, None) == [only]


def test_the_overall_score_is_a_weighted_geometric_mean() -> None:
    parts = [QualityScore(name="sharpness", score=0.5), QualityScore(name="sound", score=1.0)]
    assert scoring.overall_score(parts, scores(rows(1))) == pytest.approx(0.5 ** (3 / 4))


def test_a_part_without_any_worth_lowers_the_score_and_does_not_decide_alone() -> None:
    parts = [QualityScore(name="content", score=0.0), QualityScore(name="sound", score=1.0)]
    assert scoring.overall_score(parts, scores(rows(1))) == pytest.approx(0.05 ** (3 / 4))


def test_a_video_without_frames_is_worth_nothing() -> None:
    assert scoring.overall_score([QualityScore(name="resolution", score=1.0)], scores()) == 0.0
    assert scoring.overall_score([], scores()) == 0.0
