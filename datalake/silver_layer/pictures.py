"""Arithmetic on pictures that several modules need. Pure; no node."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from datalake.adapters.ports import ContentBox

Luma = npt.NDArray[np.uint8]  # (height, width), 0 to 255
_SHADES = 9
Pixels = TypeVar("Pixels", bound=npt.NDArray[np.uint8])


def inside(picture: Pixels, box: ContentBox) -> Pixels:
    """The part of a picture in a box, without copying."""
    rows = slice(box.top_px, box.top_px + box.height_px)
    return picture[rows, box.left_px : box.left_px + box.width_px]  # type: ignore[return-value]


def reduced(picture: Pixels, side_px: int) -> Pixels:
    """A luma or an RGB picture averaged to `side_px` x `side_px`, whatever its shape was."""
    height, width = picture.shape[:2]
    rows, columns = max(1, height // (2 * side_px)), max(1, width // (2 * side_px))
    # whole factors first: OpenCV averages by them ten times as fast
    whole = picture[: height // rows * rows, : width // columns * columns]
    area = cv2.INTER_AREA
    rough = cv2.resize(whole, (width // columns, height // rows), interpolation=area)
    return cv2.resize(rough, (side_px, side_px), interpolation=area)  # type: ignore[return-value]


def commonest_share(luma: Luma) -> float:
    """Share of a luma's pixels, 0 to 1, that one shade of grey has, give or take four of 256 levels."""
    levels = cv2.calcHist([luma], [0], None, [256], [0, 256]).ravel()
    return min(1.0, float(np.max(np.convolve(levels, np.ones(_SHADES)))) / luma.size)
