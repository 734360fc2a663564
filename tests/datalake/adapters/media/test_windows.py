from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalake.adapters.media.windows import MAX_WINDOW_FRAMES, cut_windows, sampled_end_us, wanted_times_us
from datalake.adapters.ports import Sampling


@pytest.mark.parametrize(
    ("end_us", "interval_s", "max_frames", "wanted"),
    [
        (3_000_000, 1.0, 100, [0, 1_000_000, 2_000_000]),
        (3_000_001, 1.0, 100, [0, 1_000_000, 2_000_000, 3_000_000]),
        (10_000_000, 1.0, 2, [0, 1_000_000]),
        (40_000, 1.0, 100, [0]),
        (0, 1.0, 100, [0]),
        (1_000_000, 1 / 3, 100, [0, 333_333, 666_667]),
    ],
)
def test_wanted_times(end_us: int, interval_s: float, max_frames: int, wanted: list[int]) -> None:
    assert wanted_times_us(end_us, [0, 500], Sampling(interval_s, max_frames, 1)) == wanted


@pytest.mark.parametrize(
    ("keyframes_us", "interval_s", "max_frames", "wanted"),
    [
        ([0, 2_000_000, 4_000_000, 9_000_000], 1.0, 100, [0, 2_000_000, 4_000_000]),
        ([0, 2_000_000, 4_000_000], 3.0, 100, [0, 4_000_000]),
        ([0, 2_000_000, 4_000_000], 1.0, 2, [0, 2_000_000]),
        (
            [-40_000, 2_000_000, 4_000_000],
            1.0,
            100,
            [2_000_000, 4_000_000],
        ),  # cut off by an edit list
        ([9_000_000], 1.0, 100, [0]),
        ([], 2.0, 100, [0, 2_000_000, 4_000_000]),  # nobody knows where they are
    ],
)
def test_wanted_keyframes(
    keyframes_us: list[int], interval_s: float, max_frames: int, wanted: list[int]
) -> None:
    sampling = Sampling(interval_s, max_frames, 1, mode="keyframe")
    assert wanted_times_us(5_000_000, keyframes_us, sampling) == wanted


@pytest.mark.parametrize(("limit_s", "end_us"), [(None, 10_000_000), (2.5, 2_500_000), (20.0, 10_000_000)])
def test_the_end_of_the_wanted_part(limit_s: float | None, end_us: int) -> None:
    assert sampled_end_us(10.0, Sampling(1.0, 100, 10**6, limit_s)) == end_us


def test_a_window_ends_where_a_group_of_pictures_begins() -> None:
    wanted = list(range(0, 100, 10))
    windows = cut_windows(wanted, [0, 35, 65], window_frames=5, end_us=100)
    assert [window.wanted_us for window in windows] == [(0, 10, 20, 30), (40, 50, 60), (70, 80, 90)]


def test_a_group_larger_than_the_budget_is_cut_inside() -> None:
    windows = cut_windows(list(range(10)), [0], window_frames=4, end_us=10)
    assert [len(window.wanted_us) for window in windows] == [4, 4, 2]


@pytest.mark.parametrize(
    ("window_frames", "count", "sizes"),
    [(8, 8, [8]), (8, 9, [2, 7]), (8, 30, [2, 8, 8, 8, 4]), (7, 9, [7, 2]), (1000, 150, [32, 118])],
)
def test_the_first_of_several_large_windows_is_a_quarter_as_long(
    window_frames: int, count: int, sizes: list[int]
) -> None:
    windows = cut_windows(list(range(count)), [0], window_frames, end_us=count)
    assert [len(window.wanted_us) for window in windows] == sizes


@given(
    st.integers(1, 400),
    st.lists(st.integers(0, 4000), max_size=30).map(sorted),
    st.integers(1, 300),
)
def test_windows_hold_every_wanted_time_once_and_lie_end_to_end(
    count: int, keyframes_us: list[int], window_frames: int
) -> None:
    wanted = [number * 10 for number in range(count)]
    windows = cut_windows(wanted, keyframes_us, window_frames, end_us=count * 10)
    assert [time for window in windows for time in window.wanted_us] == wanted
    assert [window.index for window in windows] == list(range(len(windows)))
    assert windows[0].start_us == 0
    assert windows[-1].end_us == count * 10
    for window, following in pairwise(windows):
        assert window.end_us == following.start_us
    for window in windows:
        assert 0 < len(window.wanted_us) <= min(window_frames, MAX_WINDOW_FRAMES)
        assert all(window.start_us <= time < window.end_us for time in window.wanted_us)
