"""Assessment: what a video is worth, in one record, with a finding for everything that is wrong. Pure."""

from __future__ import annotations

from datalake.contracts import (
    Assessment,
    AudioStream,
    Finding,
    QualityReport,
    QualityScore,
    SilverVideo,
    VideoMetadata,
)
from datalake.findings import finding
from datalake.silver_layer.decisions import FrameScores


def quality_report(
    overall_score: float,
    quality_parts: list[QualityScore],
    frame_scores: FrameScores,
    blurred_share: float,
    dark_share: float,
    blank_share: float,
    frozen_share: float,
    letterboxed_share: float,
    is_black: bool,
    is_blank: bool,
    is_blurred: bool,
    is_frozen: bool,
    is_silent: bool,
    has_audio_gap: bool,
    audio_gap_s: float | None,
) -> QualityReport:
    """The score, its parts, and the shares and decisions beside it."""
    return QualityReport(
        overall=overall_score,
        parts=tuple(quality_parts),
        frame_count=frame_scores.time_us.size,
        blurred_share=blurred_share,
        dark_share=dark_share,
        blank_share=blank_share,
        frozen_share=frozen_share,
        letterboxed_share=letterboxed_share,
        is_black=is_black,
        is_blank=is_blank,
        is_blurred=is_blurred,
        is_frozen=is_frozen,
        is_silent=is_silent,
        has_audio_gap=has_audio_gap,
        audio_gap_s=audio_gap_s,
    )


def picture_findings(
    quality_report: QualityReport, is_black: bool, is_blank: bool, is_blurred: bool, is_frozen: bool
) -> list[Finding]:
    """What is wrong with the pictures; where there is nothing to see, that alone is said."""
    report = quality_report
    if is_black:
        return [finding("black_video", f"{report.dark_share:.0%} of {report.frame_count} frames are dark")]
    if is_blank:
        evidence = f"{report.blank_share:.0%} of {report.frame_count} frames have one even shade"
        return [finding("blank_video", evidence)]
    found = []
    if is_blurred:
        evidence = f"{report.blurred_share:.0%} of {report.frame_count} frames are less sharp than BLUR_MIN"
        found.append(finding("blurred_video", evidence))
    if is_frozen:
        evidence = f"{report.frozen_share:.0%} of the frames show what the one before showed"
        found.append(finding("frozen_video", evidence))
    return found


def sound_findings(
    audio_stream: AudioStream | None, is_silent: bool, has_audio_gap: bool, audio_gap_s: float | None
) -> list[Finding]:
    """What is wrong with the sound."""
    found = []
    if is_silent and audio_stream is not None:
        found.append(finding("silent_audio", f"the loudest sample is at {audio_stream.peak_dbfs:.0f} dBFS"))
    if has_audio_gap and audio_gap_s is not None:
        which = "longer" if audio_gap_s > 0 else "shorter"
        found.append(finding("audio_gap", f"sound is {abs(audio_gap_s):.2f} s {which} than the pictures"))
    return found


def assessment(
    silver_video: SilverVideo,
    video_metadata: VideoMetadata,
    quality_report: QualityReport,
    best_frame_us: int | None,
    picture_findings: list[Finding],
    sound_findings: list[Finding],
) -> Assessment:
    """The record handed to gold, and to the makers of derivatives."""
    return Assessment(
        asset_id=silver_video.work.asset_id,
        metadata=video_metadata,
        quality=quality_report,
        best_frame_us=best_frame_us,
        findings=(*picture_findings, *sound_findings),
    )
