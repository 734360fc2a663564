"""From decoded frames to what an image model takes."""

from __future__ import annotations

import cv2
import numpy as np

from datalake.adapters.ports import Image


def checked(image: Image) -> Image:
    """The image itself.

    Raises:
        ValueError: it is not (height, width, 3) bytes with at least one pixel.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"an image must be (height, width, 3) uint8, not {image.shape} {image.dtype}")
    return image


def centre_square(image: Image, side_px: int) -> Image:
    """The centre square, scaled to `side_px` x `side_px`."""
    height, width = checked(image).shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    smooth = cv2.INTER_AREA if side > side_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (side_px, side_px), interpolation=smooth), dtype=np.uint8)
