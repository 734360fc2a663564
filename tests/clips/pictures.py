"""The pictures of the test videos, and how their number is read back."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

BITS = 10
CELL_PX = 16
WIDTH_PX = BITS * CELL_PX
HEIGHT_PX = 96
LETTERBOX_PX = 24  # height of each of the two black bars, at scale 1
_STRIPES = slice(HEIGHT_PX - 12, HEIGHT_PX)  # rows
_ZERO, _ONE = 64, 235  # neither is black: a bar code is no letterbox

Image = npt.NDArray[np.uint8]
Look = Literal["moving", "frozen", "black", "blank", "blurred", "letterbox"]


def picture(number: int, scale: int = 1, look: Look = "moving") -> Image:
    """Frame `number`, RGB: a bar code of its bits on top, a box that moves below, over sharp stripes.

    `frozen` is frame 0 for ever, `black` and `blank` (one grey) show nothing, `letterbox` has black bars of
    LETTERBOX_PX * scale added above and below.
    """
    if look in ("black", "blank"):
        return np.full((HEIGHT_PX * scale, WIDTH_PX * scale, 3), 8 if look == "black" else 128, np.uint8)
    image = _numbered(0 if look == "frozen" else number).repeat(scale, 0).repeat(scale, 1)
    if look == "blurred":
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 5 * scale), np.uint8)
    if look == "letterbox":
        return np.pad(image, ((LETTERBOX_PX * scale,) * 2, (0, 0), (0, 0)))
    return image


def frame_number(image: Image, look: Look = "moving") -> int:
    """The number in an upright frame's bar code."""
    scale = image.shape[1] // WIDTH_PX
    top = LETTERBOX_PX * scale if look == "letterbox" else 0
    row = image[top + CELL_PX * scale, CELL_PX * scale // 2 : WIDTH_PX * scale : CELL_PX * scale].mean(axis=1)
    return sum(1 << bit for bit in range(BITS) if row[bit] > (_ZERO + _ONE) / 2)


def _numbered(number: int) -> Image:
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), 96, np.uint8)
    for bit in range(BITS):
        image[: 2 * CELL_PX, bit * CELL_PX : (bit + 1) * CELL_PX] = _ONE if number >> bit & 1 else _ZERO
    image[_STRIPES] = np.where(np.arange(WIDTH_PX) // 4 % 2, 224, 32)[:, np.newaxis]
    left = (number * 5) % (WIDTH_PX - 32)
    image[48:80, left : left + 32] = (220, 60 + number % 120, 40)
    return image
