from __future__ import annotations

from typing import get_args

import pytest

from datalake.bronze_layer import rules
from datalake.contracts import Finding, MediaFacts, ValidationMode, VideoStream
from datalake.findings import finding

STREAM = VideoStream(index=0, codec="h264", width_px=160, height_px=96, time_base=(1, 90_000))
MODES = get_args(ValidationMode)
WARNING = finding("extension_lies", "named .mp4, but it is avi")
NOT_FATAL = finding("truncated", "ends at 2 of 5 s")
FATAL = finding("not_a_video", "no container")


def only(found: tuple[Finding, ...]) -> tuple[str, str]:
    (one,) = found
    return one.code, one.evidence


def test_what_is_no_media_file_has_neither_pictures_nor_a_duration() -> None:
    assert rules.video_stream(None) is None
    assert rules.video_duration_s(None) is None
    assert rules.duration_findings(None, max_duration_s=1) == ()
    assert rules.picture_size_findings(None, min_side_px=1) == ()
    assert rules.codec_findings(None, allowed_codecs=("h264",)) == ()


@pytest.mark.parametrize(
    ("stated_s", "measured_s", "duration_s"),
    [(5.0, 4.0, 4.0), (5.0, None, 5.0), (5.0, 0.0, 0.0), (None, None, None)],
)
def test_what_was_measured_counts_before_what_is_stated(
    stated_s: float | None, measured_s: float | None, duration_s: float | None
) -> None:
    media = MediaFacts(container="mp4", duration_s=stated_s, measured_duration_s=measured_s, video=STREAM)
    assert rules.video_duration_s(media) == duration_s
    assert rules.video_stream(media) == STREAM


def test_a_video_may_be_as_long_as_the_limit() -> None:
    assert rules.duration_findings(60.0, max_duration_s=60) == ()
    assert only(rules.duration_findings(90.04, max_duration_s=60)) == (
        "too_long",
        "90.0 s, the limit is 60 s",
    )


@pytest.mark.parametrize(("width_px", "height_px"), [(15, 96), (160, 15)])
def test_both_sides_must_have_the_least_length(width_px: int, height_px: int) -> None:
    small = STREAM.model_copy(update={"width_px": width_px, "height_px": height_px})
    said = f"{width_px}x{height_px} pixels, the shorter side must have 16"
    assert only(rules.picture_size_findings(small, min_side_px=16)) == ("too_small", said)
    assert rules.picture_size_findings(small, min_side_px=15) == ()


@pytest.mark.parametrize("allowed", [(), ("h264",), ("vp9", "H264")])
def test_a_codec_on_the_list_is_taken_in(allowed: tuple[str, ...]) -> None:
    assert rules.codec_findings(STREAM, allowed) == ()


def test_a_codec_that_is_not_on_the_list() -> None:
    said = ("codec_not_allowed", "h264, allowed are vp9, av1")
    assert only(rules.codec_findings(STREAM, ("vp9", "av1"))) == said


def test_findings_are_in_the_order_in_which_things_happen() -> None:
    six = tuple(
        finding(code, "") for code in ("hash_differs", "hdr", "extension_lies", "too_long", "too_small")
    )
    groups = [(one,) for one in six]
    assert rules.findings(*groups, codec_findings=()) == six


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("found", "stopped_in"),
    [
        ((), set()),
        ((WARNING,), set()),
        ((NOT_FATAL, WARNING), {"strict"}),
        ((FATAL, WARNING), {"strict", "lenient"}),
    ],
    ids=["clean", "warning", "error", "fatal error"],
)
def test_what_stops_a_video_in_each_mode(
    mode: ValidationMode, found: tuple[Finding, ...], stopped_in: set[str]
) -> None:
    errors = tuple(one.code for one in found if one.severity == "error")
    assert rules.blocking(found, mode, STREAM, None) == (errors if mode in stopped_in else ())


@pytest.mark.parametrize("mode", MODES)
def test_without_pictures_every_error_leaves_nothing_to_work_on(mode: ValidationMode) -> None:
    expected = () if mode == "report-only" else ("truncated",)
    assert rules.blocking((NOT_FATAL, NOT_FATAL, WARNING), mode, None, None) == expected
