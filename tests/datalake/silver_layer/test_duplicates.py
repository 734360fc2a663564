from __future__ import annotations

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import Frame
from datalake.silver_layer.duplicates import duplicate_of_us, kept_frames, perceptual_hashes
from tests.datalake.silver_layer.conftest import grainy, scene


def luma(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def distance(*images: np.ndarray) -> int:
    first, second = perceptual_hashes([luma(image) for image in images])
    return (first ^ second).bit_count()


def frames(count: int) -> list[Frame]:
    return [Frame(10 * number, number, np.zeros((1, 1, 3), np.uint8)) for number in range(count)]


@pytest.mark.parametrize("number", range(5))
def test_noise_size_and_light_hardly_change_the_hash_another_scene_does(number: int) -> None:
    image = scene(number)
    assert distance(image, grainy(image, 7)) <= 2
    assert distance(image, cv2.resize(image, (320, 240))) <= 4
    assert distance(image, np.clip(image * 0.8 + 10, 0, 255).astype(np.uint8)) <= 4
    assert distance(image, scene(number + 100)) > 12


def test_about_half_of_the_64_bits_are_set() -> None:
    [phash] = perceptual_hashes([luma(scene(3))])
    assert 0 <= phash < 2**64
    assert 28 <= phash.bit_count() <= 32


@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_flat_pictures_are_alike(level: int) -> None:
    assert perceptual_hashes([np.full((48, 64), level, np.uint8)]) == [0]


def test_a_frame_repeats_the_latest_kept_one_that_is_near() -> None:
    hashes = [0b0, 0b1, 0xFF, 0b11, 0xFE, 0xFFFF]
    assert duplicate_of_us(frames(6), hashes, 2) == [None, 0, None, 0, 20, None]


def test_a_slow_change_does_not_creep_along_a_chain_of_duplicates() -> None:
    hashes = [(1 << bits) - 1 for bits in range(7)]  # one more bit each time
    assert duplicate_of_us(frames(7), hashes, 2) == [None, 0, 0, None, 30, 30, None]


def test_without_tolerance_only_equal_hashes_are_alike() -> None:
    assert duplicate_of_us(frames(3), [1, 1, 3], 0) == [None, 0, None]


def test_kept_frames_are_those_that_repeat_none() -> None:
    every = frames(4)
    assert kept_frames(every, [None, 0, None, 20]) == [every[0], every[2]]
