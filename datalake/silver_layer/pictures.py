"""Arithmetic on pictures that several modules need. Pure; no node."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from datalake.adapters.ports import ContentBox

Luma = npt.NDArray[np.uint8]  # (height, width), 0 to 255
Pixels = TypeVar("Pixels", bound=npt.NDArray[np.uint8])


def inside(picture: Pixels, box: ContentBox) -> Pixels:
    """The part of a picture in a box, without copying."""
    rows = slice(box.top_px, box.top_px + box.height_px)
    return picture[rows, box.left_px : box.left_px + box.width_px]  # type: ignore[return-value]


def reduced(luma: Luma, side_px: int) -> Luma:
    """The luma averaged to `side_px` x `side_px`, whatever its shape was."""
    height, width = luma.shape
    rows, columns = max(1, height // (2 * side_px)), max(1, width // (2 * side_px))
    # whole factors first: OpenCV averages by them ten times as fast
    whole = luma[: height // rows * rows, : width // columns * columns]
    area = cv2.INTER_AREA
    rough = cv2.resize(whole, (width // columns, height // rows), interpolation=area)
    return np.asarray(cv2.resize(rough, (side_px, side_px), interpolation=area), np.uint8)
