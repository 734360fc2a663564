"""Duplicates: frames that show what a frame kept before them shows already.

Frames kept in earlier windows count as well. They are read from the part of the window before, which is in
the lake by the time a window starts, whether this execution wrote it or an earlier try.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from datalake.adapters.ports import Frame, Lake, Window
from datalake.contracts import WorkIdentity
from datalake.silver_layer.manifest import part_key
from datalake.silver_layer.part_metadata import stored_recent_kept
from datalake.silver_layer.pictures import Luma, reduced

_SIDE_PX = 32
_LOW = slice(1, 9)
_FLAT = 16.0  # what a wave of one grey level measures
_MOST_KEPT = 128


def perceptual_hashes(content_lumas: list[Luma]) -> list[int]:
    """64-bit pHash of each luma (Zauner 2010): which of its low frequencies stand out.

    One does when it is above the median by half of their median deviation. With the median alone, as
    published, grain flips the bits of the many frequencies that lie just there.
    """
    return [_perceptual_hash(luma) for luma in content_lumas]


def earlier_kept(windows: list[Window], window: Window, work: WorkIdentity, lake: Lake) -> dict[int, int]:
    """The latest 128 frames kept before this window: time in microseconds to perceptual hash."""
    before = max((one.index for one in windows if one.index < window.index), default=None)
    return {} if before is None else stored_recent_kept(lake, part_key(work, before))


def duplicate_of_us(
    frames: list[Frame],
    perceptual_hashes: list[int],
    earlier_kept: dict[int, int],
    duplicate_max_bits: int,
) -> list[int | None]:
    """For each frame the time of the kept frame that it repeats, microseconds; None when it is kept."""
    times_us = [frame.time_us for frame in frames]
    return _representatives(times_us, perceptual_hashes, duplicate_max_bits, earlier_kept)


def kept_frames(frames: list[Frame], duplicate_of_us: list[int | None]) -> list[Frame]:
    """The frames that are worth an embedding and an image."""
    return [frame for frame, kept_us in zip(frames, duplicate_of_us, strict=True) if kept_us is None]


def recent_kept(
    earlier_kept: dict[int, int],
    frames: list[Frame],
    perceptual_hashes: list[int],
    duplicate_of_us: list[int | None],
) -> dict[int, int]:
    """The latest 128 kept frames after this window, in time order: microseconds to perceptual hash."""
    columns = zip(frames, perceptual_hashes, duplicate_of_us, strict=True)
    kept = {frame.time_us: phash for frame, phash, kept_us in columns if kept_us is None}
    return dict([*earlier_kept.items(), *kept.items()][-_MOST_KEPT:])


def _perceptual_hash(luma: Luma) -> int:
    """Row by row from the lowest frequency, most significant bit first; the constant term has no part."""
    low = cv2.dct(reduced(luma, _SIDE_PX).astype(np.float32))[_LOW, _LOW]
    if np.abs(low).max() < _FLAT:
        return 0  # grain in a flat picture must not look like content
    above = low - np.median(low)
    bits = above > np.median(np.abs(above)) / 2
    return int.from_bytes(np.packbits(bits.ravel()).tobytes(), "big")


def _representatives(
    times_us: Sequence[int], hashes: Sequence[int], max_bits: int, earlier: dict[int, int]
) -> list[int | None]:
    """The latest kept frame within `max_bits` of each frame, or None, which keeps it.

    Args:
        times_us: times of the frames, rising.
        hashes: their perceptual hashes.
        max_bits: largest Hamming distance of near-duplicates.
        earlier: time to hash of frames kept before these.
    """
    kept = dict(earlier)
    found: list[int | None] = []
    for time_us, phash in zip(times_us, hashes, strict=True):
        alike = (kept_us for kept_us in reversed(kept) if (kept[kept_us] ^ phash).bit_count() <= max_bits)
        found.append(next(alike, None))
        if found[-1] is None:
            kept[time_us] = phash
    return found
