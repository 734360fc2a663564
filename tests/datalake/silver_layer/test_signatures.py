from __future__ import annotations

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import Image
from datalake.silver_layer.duplicates import perceptual_hashes, small_lumas
from datalake.silver_layer.signatures import Signature, are_alike, signature
from tests.datalake.silver_layer.conftest import grainy, scene


def signed(image: Image) -> Signature:
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = small_lumas([luma])
    return signature(image, luma, small[0], perceptual_hashes(small)[0])


def alike(one: Image, other: Image) -> bool:
    return are_alike(signed(one), signed(other), 4)


def plain(*colour: int) -> Image:
    return np.full((180, 320, 3), colour, np.uint8)


def slide(text: str) -> Image:
    return cv2.putText(plain(255, 255, 255).repeat(4, 0).repeat(4, 1), text, (100, 200), 0, 2, (0, 0, 0), 4)


def stripes(period_px: int, axis: int) -> Image:
    """Black and white lines that average out: no large shape is left of them."""
    lines = np.indices((180, 320))[axis] // period_px % 2 * 255
    return np.repeat(lines[:, :, np.newaxis], 3, axis=2).astype(np.uint8)


def test_a_scene_has_its_hash_and_colours_and_a_page_its_text() -> None:
    assert (len(signed(scene(1)).colours), len(signed(scene(1)).page)) == (48, 0)
    assert len(signed(slide("Revenue 2024")).page) == 32 * 32 + 256
    assert signed(plain(1, 2, 3)).colours == bytes([1, 2, 3]) * 16


@pytest.mark.parametrize("image", [scene(1), slide("Thank you"), plain(9, 9, 9), stripes(2, 0)])
def test_a_signature_comes_back_from_its_text(image: Image) -> None:
    assert Signature.from_text(signed(image).as_text()) == signed(image)


@pytest.mark.parametrize("image", [scene(1), slide("Thank you"), plain(90, 20, 200), stripes(2, 0)])
def test_grain_changes_no_picture(image: Image) -> None:
    assert alike(image, grainy(image, 7))


def test_a_scene_in_other_light_is_the_same_and_in_other_colours_is_not() -> None:
    assert alike(scene(1), (scene(1) * 0.4).astype(np.uint8))
    red, blue = (scene(1) * np.array(tint) for tint in ((1, 1, 0.2), (0.72, 1, 1)))
    assert not alike(red.astype(np.uint8), blue.astype(np.uint8))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (plain(255, 0, 0), plain(0, 255, 0)),
        (plain(0, 128, 0), plain(255, 20, 5)),
        (plain(255, 255, 255), plain(200, 200, 200)),
        (stripes(2, 0), stripes(2, 1)),
        (stripes(2, 0), plain(127, 127, 127)),
        (slide("Revenue 2024"), slide("Revenue 2025")),
        (slide("Yes"), plain(255, 255, 255)),
        (slide("Yes"), scene(1)),
    ],
    ids=["colours", "of_one_luma", "greys", "textures", "texture", "figure", "word", "scene"],
)
def test_what_a_viewer_tells_apart_is_not_alike(one: Image, other: Image) -> None:
    assert not alike(one, other)
    assert not alike(other, one)


def test_a_mouse_pointer_that_moves_makes_no_new_page() -> None:
    pointer = np.array([[0, 0], [0, 17], [4, 13], [7, 19], [9, 18], [6, 12], [12, 12]])
    page = cv2.resize(slide("Revenue 2024"), (1920, 1080), interpolation=cv2.INTER_AREA)
    pointed = [cv2.fillPoly(page.copy(), [pointer + place], (0, 0, 0)) for place in ([900, 700], [1500, 500])]
    assert alike(*pointed)
