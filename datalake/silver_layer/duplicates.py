"""Duplicates: frames that show what a frame kept before them shows already.

Frames kept in earlier windows count as well. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datalake.adapters.ports import ContentBox, Frame
from datalake.silver_layer.pictures import Luma, inside, reduced
from datalake.silver_layer.signatures import SMALL_SIDE_PX, Signature, are_alike, signature

_LOW = slice(1, 9)
_FLAT = 16.0  # what a wave of one grey level measures
_MOST_KEPT = 128


def small_lumas(content_lumas: list[Luma]) -> list[Luma]:
    """Each luma averaged to 32x32."""
    return [reduced(luma, SMALL_SIDE_PX) for luma in content_lumas]


def perceptual_hashes(small_lumas: list[Luma]) -> list[int]:
    """64-bit pHash of each luma (Zauner 2010): which of its low frequencies stand out.

    One does when it is above the median by half of their median deviation. With the median alone, as
    published, grain flips the bits of the many frequencies that lie just there.
    """
    return [_perceptual_hash(luma) for luma in small_lumas]


def signatures(
    frames: list[Frame],
    content_boxes: list[ContentBox],
    content_lumas: list[Luma],
    small_lumas: list[Luma],
    perceptual_hashes: list[int],
) -> list[Signature]:
    """What is compared of each frame, without bars: its perceptual hash, its colours, the text of a page."""
    columns = zip(frames, content_boxes, content_lumas, small_lumas, perceptual_hashes, strict=True)
    return [
        signature(inside(frame.image, box), luma, small, phash) for frame, box, luma, small, phash in columns
    ]


def duplicate_of_us(
    frames: list[Frame],
    signatures: list[Signature],
    earlier_kept: dict[int, Signature],
    duplicate_max_bits: int,
) -> list[int | None]:
    """For each frame the time of the kept frame that it repeats, microseconds; None when it is kept."""
    times_us = [frame.time_us for frame in frames]
    return _representatives(times_us, signatures, duplicate_max_bits, earlier_kept)


def kept_frames(frames: list[Frame], duplicate_of_us: list[int | None]) -> list[Frame]:
    """The frames that are worth an embedding and an image."""
    return [frame for frame, kept_us in zip(frames, duplicate_of_us, strict=True) if kept_us is None]


def recent_kept(
    earlier_kept: dict[int, Signature],
    frames: list[Frame],
    signatures: list[Signature],
    duplicate_of_us: list[int | None],
) -> dict[int, Signature]:
    """The latest 128 kept frames after this window, in time order: microseconds to signature."""
    columns = zip(frames, signatures, duplicate_of_us, strict=True)
    kept = {frame.time_us: one for frame, one, kept_us in columns if kept_us is None}
    return dict([*earlier_kept.items(), *kept.items()][-_MOST_KEPT:])


def _perceptual_hash(luma: Luma) -> int:
    """Row by row from the lowest frequency, most significant bit first; the constant term has no part."""
    low = np.asarray(cv2.dct(luma.astype(np.float32))[_LOW, _LOW], np.float32)
    if np.abs(low).max() < _FLAT:
        return 0  # grain in a flat picture must not look like content
    above = low - _median(low)
    bits = above > _median(np.abs(above)) / 2
    return int.from_bytes(np.packbits(bits.ravel()).tobytes(), "big")


def _median(values: npt.NDArray[np.float32]) -> np.float32:
    """Of an even number of values; NumPy's own takes ten times as long for so few."""
    ordered, middle = np.sort(values, axis=None), values.size // 2
    return np.float32((ordered[middle - 1] + ordered[middle]) / 2)


def _representatives(
    times_us: Sequence[int],
    signatures: Sequence[Signature],
    max_bits: int,
    earlier: dict[int, Signature],
) -> list[int | None]:
    """The latest kept frame that is like each frame, or None, which keeps it.

    Args:
        times_us: times of the frames, rising.
        signatures: what is compared of them.
        max_bits: largest Hamming distance of the perceptual hashes of near-duplicates.
        earlier: time to signature of frames kept before these.
    """
    kept = dict(earlier)
    found: list[int | None] = []
    for time_us, one in zip(times_us, signatures, strict=True):
        alike = (kept_us for kept_us in reversed(kept) if are_alike(kept[kept_us], one, max_bits))
        found.append(next(alike, None))
        if found[-1] is None:
            kept[time_us] = one
    return found
