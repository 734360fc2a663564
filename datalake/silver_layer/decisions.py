"""Decisions: which frames are blurred, dark, blank or frozen, by thresholds, and what that makes the video.

Pure. Silver stored raw scores; a threshold can change without decoding anything again. A share of no frames
is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from datalake.adapters.ports import FrameRow, FrameTable
from datalake.contracts import BronzeVideo, SilverVideo

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_RECORD = np.dtype(
    [
        ("time_us", np.int64),
        ("blur", np.float64),
        ("brightness", np.float64),
        ("contrast", np.float64),
        ("blank_share", np.float64),
        ("difference", np.float64),
        ("is_kept", np.bool_),
        ("is_letterboxed", np.bool_),
    ]
)


@dataclass(frozen=True)
class FrameScores:
    """What silver measured of every frame, as columns in time order: small, however long the video is.

    Attributes:
        time_us: microseconds from the start of the video.
        blur: variance of the Laplacian; low is blurred.
        brightness: mean luma, 0 to 255.
        contrast: standard deviation of the luma, 0 to 127.5.
        blank_share: share of one shade, 0 to 1.
        difference: mean luma difference to the frame before, 0 to 255; NaN where nothing was compared.
        is_kept: False for near-duplicates.
        is_letterboxed: True where black bars surround the picture.
    """

    time_us: npt.NDArray[np.int64]
    blur: Numbers
    brightness: Numbers
    contrast: Numbers
    blank_share: Numbers
    difference: Numbers
    is_kept: Flags
    is_letterboxed: Flags

    @property
    def compared(self) -> Flags:
        """True for frames that were compared with the one before."""
        return ~np.isnan(self.difference)


def frame_scores(silver_video: SilverVideo, frame_table: FrameTable) -> FrameScores:
    """The raw scores of all frames, read part by part."""
    records = np.fromiter(_records(silver_video.part_keys, frame_table), _RECORD)
    return FrameScores(**{name: records[name] for name in _RECORD.names or ()})


def blurred_frames(frame_scores: FrameScores, blur_min: float) -> Flags:
    """True for frames that are less sharp than the threshold."""
    return frame_scores.blur < blur_min


def dark_frames(frame_scores: FrameScores, dark_max: float) -> Flags:
    """True for frames that are not brighter than the threshold."""
    return frame_scores.brightness <= dark_max


def blank_frames(frame_scores: FrameScores, blank_min_share: float) -> Flags:
    """True for frames of one even shade."""
    return frame_scores.blank_share >= blank_min_share


def frozen_frames(frame_scores: FrameScores, frozen_max_difference: float) -> Flags:
    """True for frames that show what the one before showed."""
    return np.less(frame_scores.difference, frozen_max_difference)  # NaN is less than nothing


def blurred_share(blurred_frames: Flags) -> float:
    """Share of blurred frames, 0 to 1."""
    return _share(blurred_frames)


def dark_share(dark_frames: Flags) -> float:
    """Share of dark frames, 0 to 1."""
    return _share(dark_frames)


def blank_share(blank_frames: Flags) -> float:
    """Share of blank frames, 0 to 1."""
    return _share(blank_frames)


def frozen_share(frozen_frames: Flags, frame_scores: FrameScores) -> float:
    """Share of frozen frames among those that were compared, 0 to 1."""
    return _share(frozen_frames[frame_scores.compared])


def letterboxed_share(frame_scores: FrameScores) -> float:
    """Share of frames with black bars, 0 to 1."""
    return _share(frame_scores.is_letterboxed)


def is_black(dark_share: float, poor_share: float) -> bool:
    """True when nearly all frames are dark."""
    return dark_share >= poor_share


def is_blank(blank_share: float, poor_share: float) -> bool:
    """True when nearly all frames are of one even shade."""
    return blank_share >= poor_share


def is_frozen(frozen_share: float, poor_share: float) -> bool:
    """True when nearly all frames show what the one before showed."""
    return frozen_share >= poor_share


def is_blurred(blurred_share: float, poor_share: float) -> bool:
    """True when nearly all frames are blurred."""
    return blurred_share >= poor_share


def is_silent(bronze_video: BronzeVideo, silence_max_dbfs: float) -> bool:
    """True when there is sound and nothing to hear; a video without a sound track is not called silent."""
    audio = None if bronze_video.media is None else bronze_video.media.audio
    return audio is not None and audio.peak_dbfs is not None and audio.peak_dbfs <= silence_max_dbfs


def has_audio_gap(audio_gap_s: float | None, duration_s: float | None, audio_gap_max_s: float) -> bool:
    """True when sound and pictures differ by more than the threshold, and by more than 2 % of the video."""
    return audio_gap_s is not None and abs(audio_gap_s) > max(audio_gap_max_s, 0.02 * (duration_s or 0.0))


def best_frame_us(frame_scores: FrameScores, dark_frames: Flags, blank_frames: Flags) -> int | None:
    """Time of the frame that makes the best poster, microseconds; None when no frame was kept.

    The sharpest of the frames with at least median contrast among the kept ones that are neither dark nor
    blank (among all the kept ones, where there are no others); the earliest of equals.
    """
    kept = frame_scores.is_kept
    good = kept & ~dark_frames & ~blank_frames
    candidates = np.flatnonzero(good if good.any() else kept)
    if not candidates.size:
        return None
    contrast = frame_scores.contrast[candidates]
    candidates = candidates[contrast >= np.median(contrast)]
    return int(frame_scores.time_us[candidates[np.argmax(frame_scores.blur[candidates])]])


def _share(flags: Flags) -> float:
    return float(flags.mean()) if flags.size else 0.0


def _records(part_keys: tuple[str, ...], frame_table: FrameTable) -> Iterator[tuple[float, ...]]:
    for key in part_keys:
        for row in frame_table.scores(key):
            yield (
                row.time_us,
                row.blur,
                row.brightness,
                row.contrast,
                row.blank_share,
                nan if row.difference is None else row.difference,
                row.duplicate_of_us is None,
                _is_letterboxed(row),
            )


def _is_letterboxed(row: FrameRow) -> bool:
    return (row.content_box.width_px, row.content_box.height_px) != (row.width_px, row.height_px)
