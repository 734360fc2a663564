from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import ContentBox, Frame
from datalake.silver_layer.duplicates import (
    duplicate_of_us,
    kept_frames,
    perceptual_hashes,
    recent_kept,
    signatures,
    small_lumas,
)
from datalake.silver_layer.signatures import Signature, signature
from tests.datalake.silver_layer.conftest import grainy, scene


def luma(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def hashes_of(lumas: list[np.ndarray]) -> list[int]:
    return perceptual_hashes(small_lumas(lumas))


def distance(*images: np.ndarray) -> int:
    first, second = hashes_of([luma(image) for image in images])
    return (first ^ second).bit_count()


def frames(count: int) -> list[Frame]:
    return [Frame(10 * number, number, np.zeros((1, 1, 3), np.uint8)) for number in range(count)]


def hashed(*hashes: int) -> list[Signature]:
    """Signatures of grey scenes with these perceptual hashes."""
    return [Signature(phash, bytes([127]) * 48) for phash in hashes]


@pytest.mark.parametrize("number", range(5))
def test_noise_size_and_light_hardly_change_the_hash_another_scene_does(number: int) -> None:
    image = scene(number)
    assert distance(image, grainy(image, 7)) <= 2
    assert distance(image, cv2.resize(image, (320, 240))) <= 4
    assert distance(image, np.clip(image * 0.8 + 10, 0, 255).astype(np.uint8)) <= 4
    assert distance(image, scene(number + 100)) > 12


@pytest.mark.parametrize("number", range(5))
def test_grain_and_dim_light_change_a_few_bits_at_most(number: int) -> None:
    image = scene(number).astype(float)
    seen = [np.random.default_rng(seed).normal(0.4 * image, 6).clip(0, 255) for seed in range(2)]
    assert distance(*(each.astype(np.uint8) for each in seen)) <= 4


def test_a_third_of_the_64_bits_are_set() -> None:
    [phash] = hashes_of([luma(scene(3))])
    assert 0 <= phash < 2**64
    assert 12 <= phash.bit_count() <= 28


def test_a_word_on_a_page_is_no_flat_picture() -> None:
    page = np.full((360, 640), 250, np.uint8)
    words = [cv2.putText(page.copy(), word, (250, 180), 0, 1.2, (30,), 2) for word in ("yes", "perhaps")]
    hashes = hashes_of([page, *words])
    assert hashes[0] == 0
    assert all((one ^ other).bit_count() > 4 for one, other in pairwise(hashes))


@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_flat_pictures_are_alike(level: int) -> None:
    assert hashes_of([np.full((48, 64), level, np.uint8)]) == [0]


def test_a_signature_is_of_the_picture_without_bars() -> None:
    image = scene(1)
    box = ContentBox(16, 8, 64, 48)
    inner = np.ascontiguousarray(image[8:56, 16:80])
    small = small_lumas([luma(inner)])
    [found] = signatures([Frame(0, 0, image)], [box], [luma(inner)], small, [5])
    assert found == signature(inner, luma(inner), small[0], 5)


def test_a_frame_repeats_the_latest_kept_one_that_is_near() -> None:
    every = hashed(0b0, 0b1, 0xFF, 0b11, 0xFE, 0xFFFF)
    assert duplicate_of_us(frames(6), every, {}, 2) == [None, 0, None, 0, 20, None]


def test_a_slow_change_does_not_creep_along_a_chain_of_duplicates() -> None:
    every = hashed(*((1 << bits) - 1 for bits in range(7)))  # one more bit each time
    assert duplicate_of_us(frames(7), every, {}, 2) == [None, 0, 0, None, 30, 30, None]


def test_without_tolerance_only_equal_hashes_are_alike() -> None:
    assert duplicate_of_us(frames(3), hashed(1, 1, 3), {}, 0) == [None, 0, None]


def test_kept_frames_are_those_that_repeat_none() -> None:
    every = frames(4)
    assert kept_frames(every, [None, 0, None, 20]) == [every[0], every[2]]


def test_a_frame_kept_in_an_earlier_window_stands_for_later_ones_too() -> None:
    earlier = dict(zip((-30, -20), hashed(0b0, 0xFF), strict=True))
    before = dict(earlier)
    assert duplicate_of_us(frames(3), hashed(0xFE, 0xF000, 0b1), earlier, 2) == [-20, None, -30]
    assert earlier == before


def test_the_latest_128_kept_frames_go_on_to_the_next_window() -> None:
    earlier = {number - 1000: one for number, one in enumerate(hashed(*range(127)))}
    first, second, third = hashed(7, 8, 9)
    kept = recent_kept(earlier, frames(3), [first, second, third], [None, 0, None])
    assert list(kept.items())[-2:] == [(0, first), (20, third)]
    assert (len(kept), min(kept)) == (128, -999)


def test_minus_one_keeps_every_frame() -> None:
    assert duplicate_of_us(frames(3), hashed(7, 7, 7), {}, -1) == [None] * 3
