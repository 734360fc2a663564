"""Time limits grow with what a request is about."""

from __future__ import annotations

import pytest

from datalake.adapters.media.limits import Limits
from datalake.adapters.media.windows import cut_windows
from datalake.adapters.ports import Window

LIMITS = Limits(timeout_s=100, timeout_per_video_s=2, memory_bytes=2**32, resident_bytes=2**31)
SECOND_US = 1_000_000
MEBIBYTE = 1024**2


@pytest.mark.parametrize(
    ("size_bytes", "expected_s"), [(0, 100), (20 * MEBIBYTE, 101), (200 * 1024**3, 10_340)]
)
def test_a_request_that_reads_the_file_may_take_longer_the_larger_it_is(
    size_bytes: int, expected_s: float
) -> None:
    assert LIMITS.reading_s(size_bytes) == expected_s


def test_a_window_may_take_longer_the_more_video_has_to_be_decoded_for_it() -> None:
    assert LIMITS.decoding_s(Window(0, 0, 10 * SECOND_US, (0,))) == 120
    far_from_its_keyframe = Window(9, 3600 * SECOND_US, 3610 * SECOND_US, (3600 * SECOND_US,))
    assert LIMITS.decoding_s(far_from_its_keyframe) == 100 + 2 * 3610


def test_a_damaged_clock_gives_a_window_no_more_time_than_its_pictures_need() -> None:
    century = Window(0, 0, 2**61, (0,), pictures=300)
    assert LIMITS.decoding_s(century) == 100 + 2 * 300


def test_what_is_tried_twice_may_take_so_long_and_no_longer() -> None:
    window = Window(0, 0, 10 * SECOND_US, (0,))
    assert LIMITS.opened_within_s(20 * MEBIBYTE) == 2 * (101 + 101)  # opened, then the keyframes
    assert LIMITS.decoded_within_s(20 * MEBIBYTE, window) == 2 * (101 + 120)


@pytest.mark.parametrize(
    ("keyframes_s", "begins_s"),
    [([0, 4, 8], [0, 0, 4, 4, 8]), ([0], [0, 0, 0, 0, 0]), ([], [0, 0, 0, 0, 0]), ([3], [0, 0, 3, 3, 3])],
    ids=["every four seconds", "only one", "unknown", "starts late"],
)
def test_a_window_knows_where_its_decoding_has_to_begin(keyframes_s: list[int], begins_s: list[int]) -> None:
    wanted_us = [second * SECOND_US for second in range(10)]
    keyframes_us = [second * SECOND_US for second in keyframes_s]
    windows = cut_windows(wanted_us, keyframes_us, 2, 10 * SECOND_US)
    assert [window.keyframe_us for window in windows] == [second * SECOND_US for second in begins_s]
