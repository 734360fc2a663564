"""Arithmetic on pictures that several modules need. Pure; no node."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage

from datalake.adapters.ports import ContentBox

Luma = npt.NDArray[np.uint8]  # (height, width), 0 to 255
_SHADES = 9
_SOME_ROWS = 256
_GOLDEN_RATIO = 0.6180339887498949
Pixels = TypeVar("Pixels", bound=npt.NDArray[np.uint8])


def inside(picture: Pixels, box: ContentBox) -> Pixels:
    """The part of a picture in a box, without copying."""
    rows = slice(box.top_px, box.top_px + box.height_px)
    return picture[rows, box.left_px : box.left_px + box.width_px]  # type: ignore[return-value]


def some_rows(picture: Pixels) -> Pixels:
    """256 rows of a large picture, for its shades and colours; a smaller one than 512 rows itself.

    One of each stretch, at steps of the golden ratio: even, and in step with no pattern.
    """
    if len(picture) < 2 * _SOME_ROWS:
        return picture
    stretches = np.arange(_SOME_ROWS)
    rows = (stretches + stretches * _GOLDEN_RATIO % 1) * (len(picture) / _SOME_ROWS)
    return picture[rows.astype(np.intp)]  # type: ignore[return-value]


def reduced(picture: Pixels, side_px: int) -> Pixels:
    """A luma or an RGB picture averaged to `side_px` x `side_px`, whatever its shape was."""
    rough: npt.NDArray[np.uint8] = picture
    # OpenCV halves in a fraction of the time that it takes for other factors, whole ones among them
    while min(rough.shape[:2]) >= 4 * side_px:
        rough = _averaged(rough, 2, 2)
    rough = _averaged(rough, max(1, rough.shape[0] // (2 * side_px)), max(1, rough.shape[1] // (2 * side_px)))
    return cv2.resize(rough, (side_px, side_px), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _averaged(picture: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Every block of so many pixels as one; what is left over at the borders falls away."""
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    whole = picture[: height * rows, : width * columns]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def commonest_share(luma: Luma) -> float:
    """Share of a luma's pixels, 0 to 1, that one shade of grey has, give or take four of 256 levels."""
    some = some_rows(luma)
    levels = PilImage.fromarray(some).histogram()  # in three quarters of the time of OpenCV's
    return min(1.0, float(np.max(np.convolve(levels, np.ones(_SHADES)))) / some.size)
