"""Scoring: the parts of the quality score, each 0 (worst) to 1, from a raw measure by a stated formula. Pure.

The formulas are our own; they are simple on purpose, so that a score can be explained to its sender. A part
that could not be measured is None and does not count.
"""

from __future__ import annotations

from math import exp, log

import numpy as np

from datalake.contracts import AudioStream, QualityScore
from datalake.silver_layer.decisions import Flags, FrameScores

_WEIGHTS = {
    "sharpness": 3.0,
    "content": 3.0,
    "exposure": 2.0,
    "resolution": 2.0,
    "contrast": 1.0,
    "motion": 1.0,
    "frame_rate": 1.0,
    "sound": 1.0,
}
_WELL_LIT = (64.0, 191.0)  # mean luma, the middle half of its range
_CLEAR_CONTRAST = 24.0  # standard deviation of the luma
_FULL_CONTRAST = 48.0  # standard deviation of the luma
_FULL_HD_PX = 1080  # shorter side
_CINEMA_FPS = 24.0
_LEAST_SCORE = 0.05  # what a part without any worth counts for in the overall score
_LOUD_DBFS, _FAINT_DBFS = -12.0, -60.0  # peaks


def sharpness(frame_scores: FrameScores, blank_frames: Flags, blur_min: float) -> QualityScore | None:
    """Median blur v of the frames that are not blank, as v / (v + BLUR_MIN): half at the threshold."""
    blurs = frame_scores.blur[~blank_frames]
    if not blurs.size:
        return None
    blur = float(np.median(blurs))
    score = blur / (blur + blur_min) if blur_min else 1.0
    return QualityScore(name="sharpness", score=score, measured=blur, unit="variance")


def exposure(frame_scores: FrameScores) -> QualityScore | None:
    """1 where the mean luma is well lit, from there falling evenly to 0 at black and at white.

    It is the mean contrast as a share of clear contrast, at most 1, where that is more: black text on a
    white page is seen well.
    """
    if not frame_scores.brightness.size:
        return None
    luma = float(frame_scores.brightness.mean())
    low, high = _WELL_LIT
    lit = max(0.0, min(1.0, luma / low, (255.0 - luma) / (255.0 - high)))
    score = max(lit, min(1.0, float(frame_scores.contrast.mean()) / _CLEAR_CONTRAST))
    return QualityScore(name="exposure", score=score, measured=luma, unit="luma")


def contrast(frame_scores: FrameScores) -> QualityScore | None:
    """Mean contrast as a share of full contrast, at most 1."""
    if not frame_scores.contrast.size:
        return None
    deviation = float(frame_scores.contrast.mean())
    return QualityScore(
        name="contrast", score=min(1.0, deviation / _FULL_CONTRAST), measured=deviation, unit="luma"
    )


def content(frame_scores: FrameScores, blank_share: float) -> QualityScore | None:
    """Share of frames that are not blank."""
    if not frame_scores.time_us.size:
        return None
    return QualityScore(name="content", score=1.0 - blank_share, measured=blank_share, unit="share")


def motion(frame_scores: FrameScores, frozen_share: float) -> QualityScore | None:
    """1 less half of the share of frozen frames: slides that stand still are still worth seeing."""
    if not frame_scores.compared.any():
        return None
    return QualityScore(name="motion", score=1.0 - frozen_share / 2, measured=frozen_share, unit="share")


def resolution(short_side_px: int | None) -> QualityScore | None:
    """Square root of the shorter side as a share of that of full HD, at most 1."""
    if short_side_px is None:
        return None
    score = min(1.0, short_side_px / _FULL_HD_PX) ** 0.5
    return QualityScore(name="resolution", score=score, measured=short_side_px, unit="px")


def frame_rate(effective_frame_rate_fps: float | None) -> QualityScore | None:
    """Square root of the effective frame rate as a share of that of cinema, at most 1."""
    if effective_frame_rate_fps is None:
        return None
    score = min(1.0, effective_frame_rate_fps / _CINEMA_FPS) ** 0.5
    return QualityScore(name="frame_rate", score=score, measured=effective_frame_rate_fps, unit="fps")


def sound(audio_stream: AudioStream | None) -> QualityScore | None:
    """1 for a loud peak, falling evenly to half where it is faint, and half below."""
    if audio_stream is None or audio_stream.peak_dbfs is None:
        return None
    loudness = (audio_stream.peak_dbfs - _FAINT_DBFS) / (_LOUD_DBFS - _FAINT_DBFS)
    score = 0.5 + min(1.0, max(0.0, loudness)) / 2
    return QualityScore(name="sound", score=score, measured=audio_stream.peak_dbfs, unit="dBFS")


def quality_parts(
    sharpness: QualityScore | None,
    content: QualityScore | None,
    exposure: QualityScore | None,
    resolution: QualityScore | None,
    contrast: QualityScore | None,
    motion: QualityScore | None,
    frame_rate: QualityScore | None,
    sound: QualityScore | None,
) -> list[QualityScore]:
    """The parts that were measured, the weightiest first."""
    parts = (sharpness, content, exposure, resolution, contrast, motion, frame_rate, sound)
    return [part for part in parts if part is not None]


def overall_score(quality_parts: list[QualityScore], frame_scores: FrameScores) -> float:
    """Weighted geometric mean of the parts, 0 to 1: a bad part weighs more than in a plain mean.

    A part counts for 0.05 at least, so that none decides alone. A video without frames is worth nothing.
    """
    if not frame_scores.time_us.size:
        return 0.0
    total = sum(_WEIGHTS[part.name] for part in quality_parts)
    worth = sum(_WEIGHTS[part.name] * log(max(part.score, _LEAST_SCORE)) for part in quality_parts)
    return min(1.0, exp(worth / total))
