from __future__ import annotations

import hashlib

import numpy as np
import pytest

from datalake.adapters.ports import ContentBox, Frame
from datalake.errors import BadVideo
from datalake.silver_layer.images import crop_box, cropped_frames, frame_jpegs, lit_box, shown_boxes

FULL = ContentBox(0, 0, 200, 100)
BOXED = ContentBox(0, 12, 200, 76)


def frames(count: int) -> list[Frame]:
    return [Frame(number, 0, np.full((100, 200, 3), number, np.uint8)) for number in range(count)]


def cropped_to(
    lit: list[ContentBox | None],
    content: list[ContentBox],
    crop: bool = True,
    earlier: tuple[ContentBox | None, ContentBox | None] = (None, None),
) -> ContentBox | None:
    """The crop box of a window after one with an `earlier` lit box and crop box."""
    earlier_lit, earlier_crop = earlier
    return crop_box(frames(len(lit)), lit_box(lit, earlier_lit), content, earlier_crop, crop)


def test_bars_of_every_frame_are_cut_if_asked() -> None:
    assert cropped_to([BOXED, BOXED], [BOXED, BOXED]) == BOXED
    assert cropped_to([BOXED, BOXED], [BOXED, BOXED], crop=False) == FULL


def test_what_one_frame_shows_none_loses() -> None:
    assert cropped_to([BOXED, FULL], [BOXED, FULL]) == FULL
    subtitled = ContentBox(0, 12, 200, 84)
    assert cropped_to([BOXED, subtitled], [BOXED, ContentBox(0, 12, 200, 88)]) == (0, 12, 200, 88)


def test_a_dark_frame_takes_no_part() -> None:
    assert cropped_to([BOXED, None], [BOXED, FULL]) == BOXED
    assert cropped_to([None], [FULL]) == FULL


def test_one_straight_edge_in_the_window_is_enough() -> None:
    dim = ContentBox(40, 30, 50, 40)  # something round in the dark, and no edge to be seen
    assert cropped_to([dim, BOXED], [FULL, BOXED]) == BOXED
    assert cropped_to([dim], [FULL]) == FULL


def test_an_edge_that_grain_moved_by_a_line_is_the_same_edge() -> None:
    wider = ContentBox(0, 11, 200, 77)
    assert cropped_to([BOXED, wider], [BOXED, FULL]) == wider


def test_a_window_of_dark_frames_is_cropped_as_the_one_before() -> None:
    dim = ContentBox(60, 40, 50, 30)
    assert cropped_to([None], [FULL], earlier=(BOXED, BOXED)) == BOXED
    assert cropped_to([dim], [dim], earlier=(BOXED, BOXED)) == BOXED
    assert cropped_to([], [], earlier=(BOXED, BOXED)) == BOXED


def test_what_a_later_window_shows_more_is_not_cut_off() -> None:
    taller = ContentBox(0, 4, 200, 92)
    assert cropped_to([taller], [taller], earlier=(BOXED, BOXED)) == taller
    assert cropped_to([BOXED], [BOXED], earlier=(FULL, FULL)) == FULL


def test_a_dark_beginning_hides_no_edge_for_ever() -> None:
    dim = ContentBox(60, 40, 50, 30)
    assert cropped_to([BOXED], [BOXED], earlier=(None, FULL)) == BOXED
    assert cropped_to([BOXED], [BOXED], earlier=(dim, FULL)) == BOXED


def test_a_row_says_what_its_image_shows() -> None:
    assert shown_boxes([BOXED, FULL], BOXED, crop=True) == [BOXED, BOXED]
    assert shown_boxes([BOXED, FULL], FULL, crop=False) == [BOXED, FULL]
    assert shown_boxes([], None, crop=True) == []


def test_without_a_frame_there_is_no_box_and_no_image() -> None:
    assert cropped_to([], []) is None
    assert lit_box([None], None) is None
    assert cropped_frames([], None) == []


def test_cropped_frames_keep_their_time() -> None:
    [frame] = cropped_frames([Frame(7, 3, np.zeros((100, 200, 3), np.uint8))], BOXED)
    assert (frame.time_us, frame.pts, frame.image.shape) == (7, 3, (76, 200, 3))


def test_a_frame_that_no_jpeg_can_hold_is_a_bad_video() -> None:
    wide = Frame(0, 0, np.zeros((1, 65_501, 3), np.uint8))
    with pytest.raises(BadVideo, match="frame_not_encodable: A frame of 65501x1 pixels"):
        frame_jpegs([wide], 90)


def test_a_lower_quality_is_a_smaller_file_of_another_name() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    [fine], [coarse] = (frame_jpegs([Frame(5, 0, noise)], quality) for quality in (95, 20))
    assert len(coarse.data) < len(fine.data) / 2
    assert fine.key != coarse.key


def test_equal_pictures_have_one_name_made_of_their_bytes() -> None:
    first, second, other = frame_jpegs([*frames(1), *frames(2)], 90)
    assert first == second != other
    assert first.sha256 == hashlib.sha256(first.data).hexdigest()
    assert first.key == f"silver/images/{first.sha256[:2]}/{first.sha256}.jpg"


def test_pixels_and_files_are_not_printed() -> None:
    [jpeg] = frame_jpegs(frames(1), 90)
    assert "data" not in repr(jpeg)
