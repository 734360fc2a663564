from __future__ import annotations

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import ContentBox
from datalake.silver_layer.pictures import inside, reduced


def test_inside_is_a_view_of_the_box() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    part = inside(image, ContentBox(left_px=1, top_px=2, width_px=3, height_px=1))
    assert np.array_equal(part, image[2:3, 1:4])
    assert part.base is not None


@pytest.mark.parametrize(
    "shape", [(1080, 1920), (1920, 1080), (64, 64), (131, 67), (5, 7), (1, 1), (40, 4000)]
)
def test_a_reduced_picture_is_near_to_the_plain_average(shape: tuple[int, int]) -> None:
    smooth = cv2.resize(np.random.default_rng(1).integers(0, 255, (4, 4), dtype=np.uint8), shape[::-1])
    luma = smooth.reshape(shape)
    found = reduced(luma, 32)
    plain = cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA)
    assert found.shape == (32, 32)
    assert np.abs(found.astype(int) - plain).mean() < 2
