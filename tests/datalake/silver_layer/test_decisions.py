from __future__ import annotations

import pytest

from datalake.adapters.ports import ContentBox, FrameRow
from datalake.silver_layer import decisions
from tests.datalake.silver_layer.records import sound
from tests.datalake.silver_layer.rows import flags, row, rows, scores


def test_the_scores_of_all_parts_are_columns_in_order() -> None:
    found = scores(rows(2), [row(2_000_000, blur=7.0)])
    assert found.time_us.tolist() == [0, 1_000_000, 2_000_000]
    assert found.blur.tolist() == [300.0, 300.0, 7.0]
    assert found.compared.tolist() == [False, True, True]


def test_a_video_without_frames_has_empty_columns_and_no_shares() -> None:
    found = scores()
    assert found.time_us.size == 0
    assert decisions.letterboxed_share(found) == 0.0
    assert decisions.frozen_share(decisions.frozen_frames(found, 0.5), found) == 0.0
    assert decisions.dark_share(decisions.dark_frames(found, 24.0)) == 0.0


def test_thresholds_decide_and_say_which_side_they_are_on() -> None:
    found = scores([row(0, blur=59.9, brightness=24.0, contrast=4.0, blank_share=0.98, difference=0.4)])
    assert decisions.blurred_frames(found, 60.0).all()
    assert not decisions.blurred_frames(found, 59.9).any()
    assert decisions.dark_frames(found, 24.0).all()
    assert not decisions.dark_frames(found, 23.9).any()
    assert decisions.blank_frames(found, 0.98, 4.0).all()
    assert not decisions.blank_frames(found, 0.99, 4.0).any()
    assert not decisions.blank_frames(found, 0.98, 3.9).any()
    assert decisions.frozen_frames(found, 0.5).all()
    assert not decisions.frozen_frames(found, 0.4).any()


def test_shares_count_frames() -> None:
    some = flags(True, False, False, False)
    assert decisions.blurred_share(some) == decisions.dark_share(some) == decisions.blank_share(some) == 0.25


def test_frozen_is_counted_among_the_frames_that_were_compared() -> None:
    found = scores(rows(3, difference=0.0), [row(3_000_000, difference=None)])
    assert decisions.frozen_share(decisions.frozen_frames(found, 0.5), found) == 1.0


def test_a_smaller_content_box_is_a_letterbox() -> None:
    found = scores([row(0), row(1, content_box=ContentBox(0, 30, 320, 180))])
    assert decisions.letterboxed_share(found) == 0.5


def test_a_video_is_what_nearly_all_of_its_frames_are() -> None:
    for decide in (decisions.is_black, decisions.is_blank, decisions.is_frozen, decisions.is_blurred):
        assert decide(0.9, 0.9)
        assert not decide(0.89, 0.9)


@pytest.mark.parametrize(
    ("peak_dbfs", "expected"), [(-120.0, True), (-60.0, True), (-59.0, False), (None, False)]
)
def test_silence_is_a_low_peak(peak_dbfs: float | None, expected: bool) -> None:
    assert decisions.is_silent(sound(peak_dbfs=peak_dbfs), -60.0) is expected


def test_a_video_without_sound_is_not_called_silent() -> None:
    assert not decisions.is_silent(None, -60.0)


@pytest.mark.parametrize(
    ("gap_s", "duration_s", "expected"),
    [(1.1, 10.0, True), (-1.1, 10.0, True), (0.9, 10.0, False), (1.1, 100.0, False), (2.1, 100.0, True)],
)
def test_a_gap_may_be_so_long_or_such_a_share(gap_s: float, duration_s: float, expected: bool) -> None:
    assert decisions.has_audio_gap(gap_s, duration_s, 1.0, 0.02) is expected


def test_no_sound_no_gap() -> None:
    assert not decisions.has_audio_gap(None, 10.0, 1.0, 0.02)


def best(frames: list[FrameRow]) -> int | None:
    found = scores(frames)
    dark, blank = decisions.dark_frames(found, 24.0), decisions.blank_frames(found, 0.98, 4.0)
    return decisions.best_frame_us(found, dark, blank)


def test_the_best_frame_is_sharp_kept_lit_and_not_blank() -> None:
    frames = [
        row(0, blur=900.0, brightness=10.0),
        row(1, blur=900.0, blank_share=1.0, contrast=0.0),
        row(2, blur=900.0, duplicate_of_us=0),
        row(3, blur=900.0, contrast=1.0),
        row(4, blur=400.0),
        row(5, blur=500.0),
        row(6, blur=500.0),
    ]
    assert best(frames) == 5


def test_of_poor_frames_one_is_still_the_best() -> None:
    assert best([row(0, brightness=1.0, blur=1.0), row(1, brightness=2.0, blur=2.0)]) == 1


def test_without_kept_frames_there_is_no_best_one() -> None:
    assert best([]) is None
    assert best([row(5, duplicate_of_us=0)]) is None
