"""Duplicates: frames that show what a frame kept before them shows already.

Frames kept in earlier windows count as well. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from datalake.adapters.ports import ContentBox, Frame
from datalake.silver_layer.pictures import Luma, inside, reduced
from datalake.silver_layer.signatures import Signature, are_alike, signature

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


def signatures(
    frames: list[Frame],
    content_boxes: list[ContentBox],
    content_lumas: list[Luma],
    perceptual_hashes: list[int],
) -> list[Signature]:
    """What is compared of each frame, without bars: its perceptual hash, its colours, the text of a page."""
    columns = zip(frames, content_boxes, content_lumas, perceptual_hashes, strict=True)
    return [signature(inside(frame.image, box), luma, phash) for frame, box, luma, phash in columns]


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
    low = cv2.dct(reduced(luma, _SIDE_PX).astype(np.float32))[_LOW, _LOW]
    if np.abs(low).max() < _FLAT:
        return 0  # grain in a flat picture must not look like content
    above = low - np.median(low)
    bits = above > np.median(np.abs(above)) / 2
    return int.from_bytes(np.packbits(bits.ravel()).tobytes(), "big")


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
