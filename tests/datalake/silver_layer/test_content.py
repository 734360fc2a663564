from __future__ import annotations

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import ContentBox, Frame
from datalake.silver_layer.content import (
    _lit_box,
    _strips,
    content_boxes,
    content_lumas,
    lit_boxes,
    lumas,
    strips,
)
from tests.datalake.silver_layer.conftest import scene

Luma = np.ndarray


def boxes(*pictures: Luma) -> list[ContentBox]:
    shown = list(pictures)
    found = strips(shown)
    return content_boxes(shown, found, lit_boxes(shown, found))


def picture(width_px: int, height_px: int, number: int = 1) -> Luma:
    """A scene without any black in it."""
    luma = cv2.cvtColor(cv2.resize(scene(number), (width_px, height_px)), cv2.COLOR_RGB2GRAY)
    return np.clip(luma, 40, 255)


def framed(luma: Luma, left: int = 0, top: int = 0, right: int = 0, bottom: int = 0, bar: int = 0) -> Luma:
    return cv2.copyMakeBorder(luma, top, bottom, left, right, cv2.BORDER_CONSTANT, value=bar)


def grainy(luma: Luma, sd: float, seed: int = 0) -> Luma:
    noise = np.random.default_rng(seed).normal(0, sd, luma.shape)
    return np.clip(luma + noise, 0, 255).astype(np.uint8)


def off_px(box: ContentBox, expected: tuple[int, int, int, int]) -> int:
    return max(abs(found - wanted) for found, wanted in zip(box, expected, strict=True))


def test_luma_weighs_red_green_and_blue_as_bt601() -> None:
    images = [np.full((4, 5, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    found = lumas([Frame(0, 0, image) for image in images])
    assert [luma.shape for luma in found] == [(4, 5)] * 3
    assert [int(luma[0, 0]) for luma in found] == [76, 150, 29]


@pytest.mark.parametrize(
    ("bars", "size"),
    [
        ({"top": 138, "bottom": 138}, (1920, 804)),
        ({"left": 240, "right": 240}, (1440, 1080)),
        ({"left": 656, "right": 657}, (607, 1080)),
        ({"left": 80, "top": 45, "right": 80, "bottom": 45}, (480, 270)),
        ({"top": 30}, (320, 150)),
        ({"right": 33}, (95, 96)),
        ({"left": 7, "bottom": 5}, (57, 43)),
    ],
    ids=str,
)
@pytest.mark.parametrize("grain", [0, 3])
def test_bars_are_found_to_the_pixel_also_under_grain(
    bars: dict[str, int], size: tuple[int, int], grain: float
) -> None:
    [box] = boxes(grainy(framed(picture(*size), **bars), grain))
    expected = (bars.get("left", 0), bars.get("top", 0), *size)
    assert off_px(box, expected) <= (1 if grain else 0)


def test_bars_of_a_stream_that_states_its_range_wrongly_are_grey_and_found() -> None:
    [box] = boxes(grainy(framed(picture(640, 272), top=44, bottom=44, bar=16), 2))
    assert off_px(box, (0, 44, 640, 272)) <= 1


def test_soft_edges_are_found_nearly_where_they_are() -> None:
    [box] = boxes(cv2.GaussianBlur(framed(picture(640, 272), top=44, bottom=44), (0, 0), 1.5))
    assert off_px(box, (0, 44, 640, 272)) <= 8  # the blur lights a few lines of the bar


def test_a_picture_without_bars_is_all_content() -> None:
    assert boxes(picture(640, 360), picture(1, 1), picture(3, 200)) == [
        (0, 0, 640, 360),
        (0, 0, 1, 1),
        (0, 0, 3, 200),
    ]


@pytest.mark.parametrize("grain", [0, 2, 5])
def test_a_frame_that_is_dark_all_over_has_the_full_box(grain: float) -> None:
    dark = grainy(np.full((360, 640), 6), grain)
    assert lit_boxes([dark], strips([dark])) == [None]
    assert boxes(dark) == [(0, 0, 640, 360)]


def test_something_round_in_the_dark_is_no_picture_with_bars() -> None:
    dark = np.full((720, 1280), 3, np.uint8)
    round_things = [cv2.circle(dark.copy(), (640, 330), radius, 170, -1) for radius in range(4, 320, 9)]
    assert set(boxes(*round_things)) == {(0, 0, 1280, 720)}
    assert set(boxes(*(grainy(each, 2) for each in round_things))) == {(0, 0, 1280, 720)}


def test_a_dark_edge_of_the_picture_is_no_bar_but_the_others_are() -> None:
    night = picture(640, 272)
    night[:120, :] = 5
    cv2.circle(night, (500, 60), 20, 200, -1)  # the moon
    [box] = boxes(framed(night, top=44, bottom=44))
    assert (box.top_px, box.top_px + box.height_px) == (0, 44 + 272)


def test_a_line_or_two_of_black_at_the_border_is_no_bar() -> None:
    assert boxes(framed(picture(638, 359), left=2, top=1)) == [(0, 0, 640, 360)]


def test_text_in_a_bar_is_content() -> None:
    subtitled = framed(picture(640, 272), top=44, bottom=44)
    cv2.putText(subtitled, "What?", (290, 345), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    [box] = boxes(subtitled)
    assert (box.top_px, box.top_px + box.height_px) == (44, 360)


def test_content_lumas_are_without_bars() -> None:
    inner = picture(100, 60)
    whole = framed(inner, left=20, right=30)
    [content] = content_lumas([whole], boxes(whole))
    assert np.array_equal(content, inner)


def test_of_nothing_there_is_nothing() -> None:
    assert boxes() == []


@pytest.mark.parametrize("dark", ["", "top", "left", "bottom", "right", "top right"])
@pytest.mark.parametrize("size", [(1920, 1080), (57, 43), (1, 1)], ids=str)
@pytest.mark.parametrize("lit", [21, 20])
def test_only_what_is_lit_up_to_all_borders_is_not_looked_at_in_strips(
    lit: int, size: tuple[int, int], dark: str
) -> None:
    luma = np.full(size[::-1], lit, np.uint8)
    borders = {"top": luma[:1], "bottom": luma[-1:], "left": luma[:, :1], "right": luma[:, -1:]}
    for side in dark.split():
        borders[side][:] = 0
    found = strips([luma])
    assert (found == [None]) == (lit == 21 and not dark)
    assert lit_boxes([luma], found) == [_lit_box(_strips(luma))]


@pytest.mark.parametrize("shape", [(360, 640), (1080, 1920), (37, 53), (1, 5), (129, 65)], ids=str)
def test_strips_are_areas_averaged(shape: tuple[int, int]) -> None:
    luma = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = _strips(luma)
    for lines, strips_of in ((luma, found.rows), (luma.T, found.columns)):
        height, count = strips_of.shape
        step_px = min(16, max(1, lines.shape[1] // 64))
        assert count == lines.shape[1] // step_px
        whole = np.ascontiguousarray(lines[:, : count * step_px])
        assert np.array_equal(cv2.resize(whole, (count, height), interpolation=cv2.INTER_AREA), strips_of)
