from __future__ import annotations

import numpy as np
import pytest

from datalake.adapters.embedders.pixels import centre_square


@pytest.mark.parametrize("shape", [(30, 50, 3), (50, 30, 3), (1, 1, 3), (900, 40, 3)])
def test_any_shape_becomes_the_square(shape: tuple[int, ...]) -> None:
    assert centre_square(np.zeros(shape, np.uint8), 24).shape == (24, 24, 3)


def test_the_middle_is_kept_and_the_sides_are_cut() -> None:
    image = np.zeros((20, 60, 3), np.uint8)
    image[:, 20:40] = 200
    assert (centre_square(image, 10) == 200).all()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32),
    ],
)
def test_what_is_no_image_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        centre_square(image, 24)
