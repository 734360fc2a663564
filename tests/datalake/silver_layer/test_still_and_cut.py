"""What a minute of video keeps, through the whole dataflow and many windows."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from datalake.adapters.ports import Image
from datalake.contracts import SilverVideo
from tests.datalake.silver_layer.conftest import (
    HEIGHT_PX,
    WIDTH_PX,
    CountingFrameSource,
    grainy,
    scene,
    video,
)

Run = Callable[..., SilverVideo]
MINUTE = range(60)


def filmed(number: int, second: int, light: float = 1.0, grain: float = 4.0) -> Image:
    """A scene in some light, with the grain of a camera."""
    noise = np.random.default_rng(1000 * number + second).normal(0, grain, scene(number).shape)
    return np.clip(scene(number) * light + noise, 0, 255).astype(np.uint8)


def boxed(image: Image) -> Image:
    """The picture between black bars left and right, upright as a phone films it."""
    height, width = image.shape[:2]
    narrow = cv2.resize(image, (width * 3 // 8, height), interpolation=cv2.INTER_AREA)
    wide = np.zeros_like(image)
    wide[:, width * 5 // 16 : width * 11 // 16] = narrow
    return wide


@pytest.mark.parametrize("number", range(4))
def test_a_still_scene_with_grain_keeps_one_frame_a_minute(number: int, run_silver: Run) -> None:
    silver = run_silver(CountingFrameSource(video([filmed(number, second) for second in MINUTE])))
    assert (silver.frame_count, silver.kept_count, len(silver.part_keys)) == (60, 1, 20)


@pytest.mark.parametrize("number", range(4))
def test_a_slow_fade_of_a_still_scene_keeps_two_at_most(number: int, run_silver: Run) -> None:
    images = [filmed(number, second, light=1 - second / 85) for second in MINUTE]  # to 30 % of the light
    assert run_silver(CountingFrameSource(video(images))).kept_count <= 2


@pytest.mark.parametrize("edit", [lambda image: image, boxed], ids=["full", "boxed"])
def test_a_cut_every_second_keeps_every_frame(edit: Callable[[Image], Image], run_silver: Run) -> None:
    images = [edit(filmed(second, second)) for second in MINUTE]
    assert run_silver(CountingFrameSource(video(images))).kept_count == 60


def colour(number: int) -> Image:
    """A colour of its own for every number below 60."""
    levels = (number % 4 * 80, number // 4 % 4 * 80, number // 16 * 80)
    return np.full((HEIGHT_PX, WIDTH_PX, 3), levels, np.uint8)


def slide(number: int) -> Image:
    """A white page with little text on it, most of it the same on every one."""
    page = np.full((4 * HEIGHT_PX, 4 * WIDTH_PX, 3), 255, np.uint8)
    return cv2.putText(page, f"Page {number:02}", (60, 120), 0, 2, (0, 0, 0), 4)


def texture(number: int) -> Image:
    """Fine noise without any large shape."""
    noise = np.random.default_rng(number).integers(64, 192, (HEIGHT_PX, WIDTH_PX), dtype=np.uint8)
    even = np.where(np.indices(noise.shape).sum(axis=0) % 2, noise, 255 - noise)
    return np.repeat(even[:, :, np.newaxis], 3, axis=2)


PLAIN = pytest.mark.parametrize("picture", [colour, slide, texture])


@PLAIN
def test_a_cut_every_second_between_plain_pictures_keeps_every_frame(
    picture: Callable[[int], Image], run_silver: Run
) -> None:
    images = [grainy(picture(second), second) for second in MINUTE]
    frame_bytes = images[0].nbytes
    assert run_silver(CountingFrameSource(video(images)), window_max_bytes=3 * frame_bytes).kept_count == 60


@PLAIN
def test_a_plain_picture_that_stands_still_keeps_one_frame_a_minute(
    picture: Callable[[int], Image], run_silver: Run
) -> None:
    images = [grainy(picture(7), second) for second in MINUTE]
    frame_bytes = images[0].nbytes
    assert run_silver(CountingFrameSource(video(images)), window_max_bytes=3 * frame_bytes).kept_count == 1


def test_a_scene_that_comes_back_is_the_one_kept_before(run_silver: Run) -> None:
    images = [filmed(second // 10 % 2, second) for second in MINUTE]
    assert run_silver(CountingFrameSource(video(images))).kept_count == 2


def test_a_minute_of_black_grain_keeps_one_frame(run_silver: Run) -> None:
    images = [filmed(0, second, light=0.0) for second in MINUTE]
    assert run_silver(CountingFrameSource(video(images))).kept_count == 1
