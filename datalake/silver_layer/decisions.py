"""Decisions: which frames are blurred, dark, blank or frozen, by thresholds, and what that makes the video.

Pure. Silver stored raw scores; a threshold can change without decoding anything again. A share of no frames
is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from datalake.adapters.ports import FrameTable, Numbers
from datalake.contracts import AudioStream, SilverVideo

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FrameScores:
    """What silver measured of every frame, in time order: small, however long the video is.

    Each attribute is a column of the parts (`datalake/frame_parts.py` says what it means), one value a
    frame; NaN where a frame has none.
    """

    time_us: Numbers
    blur: Numbers
    brightness: Numbers
    contrast: Numbers
    blank_share: Numbers
    difference: Numbers
    duplicate_of_us: Numbers
    width_px: Numbers
    height_px: Numbers
    box_width_px: Numbers
    box_height_px: Numbers

    @property
    def compared(self) -> Flags:
        """True for frames that were compared with the one before."""
        return ~np.isnan(self.difference)

    @property
    def is_kept(self) -> Flags:
        """False for near-duplicates."""
        return np.isnan(self.duplicate_of_us)

    @property
    def is_letterboxed(self) -> Flags:
        """True where black bars surround the picture."""
        narrower, lower = self.box_width_px < self.width_px, self.box_height_px < self.height_px
        return np.logical_or(narrower, lower)


def frame_scores(silver_video: SilverVideo, frame_table: FrameTable) -> FrameScores:
    """The raw scores of all frames, read part by part."""
    names = [column.name for column in fields(FrameScores)]
    parts = [frame_table.columns(key, names) for key in silver_video.part_keys]
    nothing = np.empty(0)
    return FrameScores(**{name: np.concatenate([nothing, *(part[name] for part in parts)]) for name in names})


def blurred_frames(frame_scores: FrameScores, blur_min: float) -> Flags:
    """True for frames that are less sharp than the threshold."""
    return frame_scores.blur < blur_min


def dark_frames(frame_scores: FrameScores, dark_max: float) -> Flags:
    """True for frames that are not brighter than the threshold."""
    return frame_scores.brightness <= dark_max


def blank_frames(frame_scores: FrameScores, blank_min_share: float, blank_max_contrast: float) -> Flags:
    """True for frames of one even shade, with next to nothing on it: a line of text is not blank."""
    is_even = frame_scores.blank_share >= blank_min_share
    return np.logical_and(is_even, frame_scores.contrast <= blank_max_contrast)


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


def is_silent(audio_stream: AudioStream | None, silence_max_dbfs: float) -> bool:
    """True when there is sound and nothing to hear; a video without a sound track is not called silent."""
    peak_dbfs = None if audio_stream is None else audio_stream.peak_dbfs
    return peak_dbfs is not None and peak_dbfs <= silence_max_dbfs


def has_audio_gap(
    audio_gap_s: float | None,
    duration_s: float | None,
    audio_gap_max_s: float,
    audio_gap_max_share: float,
) -> bool:
    """True when sound and pictures differ by more than both thresholds, one of them a share of the video."""
    allowed_s = max(audio_gap_max_s, audio_gap_max_share * (duration_s or 0.0))
    return audio_gap_s is not None and abs(audio_gap_s) > allowed_s


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
