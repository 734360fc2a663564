from __future__ import annotations

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import ContentBox
from datalake.silver_layer.pictures import commonest_share, inside, reduced, some_rows


def test_inside_is_a_view_of_the_box() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    part = inside(image, ContentBox(left_px=1, top_px=2, width_px=3, height_px=1))
    assert np.array_equal(part, image[2:3, 1:4])
    assert part.base is not None


@pytest.mark.parametrize("height", [1, 255, 511])
def test_of_a_small_picture_all_rows_are_looked_at(height: int) -> None:
    picture = np.zeros((height, 3, 3), np.uint8)
    assert some_rows(picture) is picture


@pytest.mark.parametrize("height", [512, 1023, 1080, 2160])
def test_of_a_large_picture_one_row_of_each_stretch_is_looked_at(height: int) -> None:
    some = some_rows(np.arange(height))
    starts = np.arange(256) * height / 256
    assert ((some > starts - 1) & (some < starts + height / 256)).all()


@pytest.mark.parametrize("period", range(2, 17))
def test_some_rows_are_in_step_with_no_pattern(period: int) -> None:
    luma = np.full((1080, 64), 240, np.uint8)
    luma[::period] = 20
    share = float((luma == 240).mean())
    assert commonest_share(luma) == pytest.approx(max(share, 1 - share), abs=0.05)


def test_some_rows_tell_the_commonest_shade_of_a_large_page_as_all_do() -> None:
    page = np.full((1080, 1920), 240, np.uint8)
    for line in range(12):
        cv2.putText(page, "A line of text, as slides have", (90, 90 * line + 60), 0, 2.0, 15, 3)
    share = float((page == 240).mean())
    assert 0.8 < share < 0.97
    assert commonest_share(page) == pytest.approx(share, abs=0.003)


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
