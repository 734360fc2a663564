from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from datalake.adapters.media.probe.intervals import intervals


def even(fps: Fraction | int, ticks_per_s: int, count: int = 300) -> list[int]:
    return [round(ticks_per_s * number / Fraction(fps)) for number in range(count)]


def is_variable(times: list[int] | npt.NDArray[np.int64]) -> bool:
    found = intervals(np.array(times, np.int64))
    assert found is not None
    return found.is_variable


@pytest.mark.parametrize("ticks_per_s", [1000, 12_800, 90_000, 1_000_000])
@pytest.mark.parametrize(
    "fps",
    [1, 24, 25, 30, 60, 120, 240, Fraction(30_000, 1001), Fraction(24_000, 1001), Fraction(60_000, 1001)],
)
def test_a_constant_rate_stays_one_in_any_ticks(fps: Fraction, ticks_per_s: int) -> None:
    assert not is_variable(even(fps, ticks_per_s))


def test_jitter_and_single_gaps_are_no_variable_rate() -> None:
    rng = np.random.default_rng(1)
    times = np.array(even(30, 90_000)) + rng.integers(-100, 100, 300)  # about 1 ms
    assert not is_variable(times)
    times[150:] += 3000  # one picture was dropped
    assert not is_variable(times)


def test_stretched_ends_are_not_judged() -> None:
    times = even(30, 90_000, 20)
    assert not is_variable([times[0] - 9000, *times, times[-1] + 9000])


@pytest.mark.parametrize(
    "times",
    [
        [0, 40, 500, 5000],
        [0, 40, 540],
        [33 * number + 17 * (number % 2) for number in range(60)],  # three fields, two fields: telecine
        [*range(0, 3000, 33), *range(3000, 6000, 50)],
    ],
)
def test_other_rates_are_variable(times: list[int]) -> None:
    assert is_variable(times)


def test_numbers_are_of_the_order_of_presentation() -> None:
    found = intervals(np.array([0, 9000, 3000, 6000, 18_000], np.int64))
    assert found is not None
    assert (found.shortest, found.longest, found.usual) == (3000, 9000, 3000)


@pytest.mark.parametrize("times", [[], [5]])
def test_one_picture_has_no_interval(times: list[int]) -> None:
    assert intervals(np.array(times, np.int64)) is None
