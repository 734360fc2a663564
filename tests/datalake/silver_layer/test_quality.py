from __future__ import annotations

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import PictureScores
from datalake.silver_layer.quality import (
    blank_shares,
    blurs,
    brightnesses,
    contrasts,
    differences,
    picture_scores,
)
from tests.datalake.silver_layer.conftest import grainy, scene


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 255, (height, width), dtype=np.uint8)


def test_a_blurred_picture_scores_less_and_a_flat_one_nothing() -> None:
    sharp = cv2.cvtColor(grainy(scene(1), 1), cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(sharp, (9, 9), 3)
    flat = np.full_like(sharp, 80)
    scores = blurs([sharp, soft, flat])
    assert scores[0] > 4 * scores[1] > scores[2] == 0


@pytest.mark.parametrize("shape", [(40, 60), (1080, 1920), (1, 1)])
def test_blur_is_the_variance_of_the_laplacian(shape: tuple[int, int]) -> None:
    luma = noise(*shape)
    assert blurs([luma]) == [pytest.approx(cv2.Laplacian(luma, cv2.CV_64F).var())]


def test_blur_is_exact_where_it_is_greatest() -> None:
    board = np.indices((1080, 1920)).sum(axis=0).astype(np.uint8) % 2 * 255
    assert blurs([board]) == [pytest.approx(cv2.Laplacian(board, cv2.CV_64F).var())]


def test_brightness_is_the_mean_and_contrast_the_standard_deviation() -> None:
    luma = np.array([[0, 255], [255, 0]], np.uint8)
    assert (brightnesses([luma]), contrasts([luma])) == ([127.5], [127.5])
    assert contrasts([noise(50, 70)]) == [pytest.approx(noise(50, 70).std())]


def test_a_blank_picture_has_one_shade_a_colourful_one_few_of_each() -> None:
    page = np.full((100, 100), 240, np.uint8)
    page[:10] = 20
    grain = np.clip(np.random.default_rng(0).normal(240, 1, page.shape), 0, 255).astype(np.uint8)
    shares = blank_shares([page, grain, noise(200, 200)])
    assert shares[0] == pytest.approx(0.9)
    assert shares[1] > 0.999
    assert shares[2] == pytest.approx(9 / 255, rel=0.1)


@pytest.mark.parametrize("level", [0, 2, 253, 255])
def test_shades_at_the_ends_of_the_scale_are_shades(level: int) -> None:
    assert blank_shares([np.full((10, 10), level, np.uint8)]) == [1.0]


def test_the_difference_is_to_the_frame_before() -> None:
    dark, light = np.full((90, 160), 20, np.uint8), np.full((90, 160), 50, np.uint8)
    assert differences([dark, light, light, dark]) == [None, 30.0, 0.0, 30.0]
    assert differences([dark]) == [None]
    assert differences([]) == []


def test_grain_is_no_great_difference_at_the_usual_sizes() -> None:
    luma = cv2.resize(cv2.cvtColor(scene(1), cv2.COLOR_RGB2GRAY), (1280, 720)).astype(float)
    grains = [np.random.default_rng(seed).normal(0, 4, luma.shape) for seed in range(2)]
    seen = [np.clip(luma + grain, 0, 255).astype(np.uint8) for grain in grains]
    [_, difference] = differences(seen)
    assert difference is not None
    assert difference < 0.5


def test_scores_are_gathered_frame_by_frame() -> None:
    found = picture_scores([1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [0.7, 0.8], [None, 9.0])
    assert found == [PictureScores(1.0, 3.0, 5.0, 0.7, None), PictureScores(2.0, 4.0, 6.0, 0.8, 9.0)]
