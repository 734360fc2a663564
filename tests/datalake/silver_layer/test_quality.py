from __future__ import annotations

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import Frame
from datalake.silver_layer.quality import blurs, brightnesses, lumas
from tests.datalake.silver_layer.conftest import grainy, scene


def test_luma_weighs_red_green_and_blue_as_bt601() -> None:
    images = [np.full((4, 5, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    found = lumas([Frame(0, 0, image) for image in images])
    assert [luma.shape for luma in found] == [(4, 5)] * 3
    assert [int(luma[0, 0]) for luma in found] == [76, 150, 29]


def test_a_blurred_picture_scores_less_and_a_flat_one_nothing() -> None:
    sharp = cv2.cvtColor(grainy(scene(1), 1), cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(sharp, (9, 9), 3)
    flat = np.full_like(sharp, 80)
    scores = blurs([sharp, soft, flat])
    assert scores[0] > 4 * scores[1] > scores[2] == 0


def test_blur_is_the_variance_of_the_laplacian() -> None:
    luma = np.random.default_rng(2).integers(0, 255, (40, 60), dtype=np.uint8)
    assert blurs([luma]) == [pytest.approx(cv2.Laplacian(luma, cv2.CV_64F).var())]


def test_brightness_is_the_mean() -> None:
    assert brightnesses([np.array([[0, 255], [255, 0]], np.uint8)]) == [127.5]
