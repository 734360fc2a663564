"""Duplicates: frames that show what another frame of the window shows already. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from datalake.adapters.ports import Frame
from datalake.silver_layer.quality import Luma

_SIDE_PX = 32
_LOW = slice(1, 9)
_FLAT = 1.0


def perceptual_hashes(lumas: list[Luma]) -> list[int]:
    """64-bit pHash of each frame: signs of its low frequencies around their median (Zauner 2010)."""
    return [_perceptual_hash(luma) for luma in lumas]


def duplicate_of_us(
    frames: list[Frame], perceptual_hashes: list[int], duplicate_max_bits: int
) -> list[int | None]:
    """For each frame the time of the kept frame that it repeats, microseconds; None when it is kept."""
    times_us = [frame.time_us for frame in frames]
    return _representatives(times_us, perceptual_hashes, duplicate_max_bits, {})


def kept_frames(frames: list[Frame], duplicate_of_us: list[int | None]) -> list[Frame]:
    """The frames that are worth an embedding and an image."""
    return [frame for frame, kept_us in zip(frames, duplicate_of_us, strict=True) if kept_us is None]


def _perceptual_hash(luma: Luma) -> int:
    """Row by row from the lowest frequency, most significant bit first; the constant term has no part."""
    small = cv2.resize(luma, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[_LOW, _LOW]
    # rounding noise of a flat picture must not look like content
    low[np.abs(low) < _FLAT] = 0.0
    bits = (low > np.median(low)).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _representatives(
    times_us: Sequence[int], hashes: Sequence[int], max_bits: int, kept: dict[int, int]
) -> list[int | None]:
    """The latest kept frame within `max_bits` of each frame, or None, which keeps it.

    Args:
        times_us: times of the frames, rising.
        hashes: their perceptual hashes.
        max_bits: largest Hamming distance of near-duplicates.
        kept: time to hash of frames kept before these; kept ones are added.
    """
    found: list[int | None] = []
    for time_us, phash in zip(times_us, hashes, strict=True):
        alike = (kept_us for kept_us in reversed(kept) if (kept[kept_us] ^ phash).bit_count() <= max_bits)
        found.append(next(alike, None))
        if found[-1] is None:
            kept[time_us] = phash
    return found
