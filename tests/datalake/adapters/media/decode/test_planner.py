from __future__ import annotations

import pytest

from datalake.adapters.media.decode.planner import Planner

SECOND = 1_000_000
RATE_FPS = 25
GROUPS_US = [number * 2 * SECOND for number in range(10)]


def planned(keyframes_us: list[int]) -> Planner:
    planner = Planner(RATE_FPS)
    planner.keyframes_us = keyframes_us
    return planner


@pytest.fixture
def planner() -> Planner:
    return planned(GROUPS_US)


@pytest.mark.parametrize(
    ("time_us", "is_needed"),
    [
        (SECOND, True),
        (SECOND - 40_000, True),  # it may still be on screen then: no container says for how long
        (SECOND - 80_000, False),
        (SECOND + 40_000, False),
        (3 * SECOND, True),
        (3 * SECOND + 40_000, True),  # what is wanted later is not known yet
    ],
)
def test_a_picture_is_needed_if_it_may_be_on_screen_at_a_wanted_time(
    planner: Planner, time_us: int, is_needed: bool
) -> None:
    planner.want([SECOND, 3 * SECOND])
    assert planner.is_needed(time_us) is is_needed


def test_a_seek_begins_at_the_keyframe_before_where_its_time_is_known(planner: Planner) -> None:
    planner.know_keyframes([0, 2_000_000, 4_000_000], are_shown=True)
    assert planner.places_us(3_000_000) == [2_000_000, 1_000_000, 3_000_000]
    planner.came_late()
    assert planner.places_us(3_500_000) == [1_000_000, 3_500_000, 2_500_000]
    assert planner.places_us(0) == [0]


def test_where_keyframes_are_about_is_no_place_to_seek_to(planner: Planner) -> None:
    planner.know_keyframes([0, 2_000_000, 4_000_000], are_shown=False)
    planner.came_late()
    assert planner.places_us(5_000_000) == [5_000_000, 4_000_000, 1_000_000]


def test_a_seek_that_may_lead_further_back_than_decoding_on_is_not_cheaper(planner: Planner) -> None:
    planner.know_keyframes([0, 2_000_000, 4_000_000], are_shown=True)
    assert planner.is_seek_cheaper(1_200_000, 3_000_000)
    planner.came_late()
    assert not planner.is_seek_cheaper(1_200_000, 3_000_000)


def test_a_clock_that_is_set_back_is_not_planned_by(planner: Planner) -> None:
    planner.know_keyframes([0, 2_000_000, 1_000_000], are_shown=True)
    assert planner.keyframes_us == ()
    assert planner.places_us(2_000_000) == [2_000_000, 1_000_000]


def test_of_two_pictures_near_a_wanted_time_the_one_on_screen_is_needed(planner: Planner) -> None:
    near_us = [5 * SECOND - 60_000, 5 * SECOND - 20_000, 5 * SECOND + 20_000]
    planner.want([5 * SECOND])
    assert [planner.is_needed(time_us, near_us) for time_us in near_us] == [False, True, True]
    planner.want([5 * SECOND, near_us[2]])
    assert [planner.is_needed(time_us, near_us) for time_us in near_us] == [False, True, True]


def test_every_picture_is_needed_where_nothing_is_to_be_left_out(planner: Planner) -> None:
    planner.want([SECOND, 3 * SECOND])
    planner.leaves_out = False
    assert planner.is_needed(2 * SECOND)


def test_every_picture_is_needed_before_anything_is_wanted(planner: Planner) -> None:
    assert planner.is_needed(0)


@pytest.mark.parametrize(
    ("from_us", "wanted_us", "is_cheaper"),
    [
        (40_000, SECOND, False),  # the same group
        (40_000, 2 * SECOND, True),
        (40_000, 2 * SECOND + 500_000, True),
        (2 * SECOND - 400_000, 2 * SECOND, False),  # only ten pictures between
        (9 * SECOND, SECOND, False),  # back: that is no question of cost
    ],
)
def test_a_seek_saves_the_pictures_before_the_next_group(
    planner: Planner, from_us: int, wanted_us: int, is_cheaper: bool
) -> None:
    assert planner.is_seek_cheaper(from_us, wanted_us) is is_cheaper


@pytest.mark.parametrize(
    ("wanted_us", "time_us", "is_alone"),
    [
        ([0, 2 * SECOND, 4 * SECOND], 2 * SECOND, True),
        ([0, 2 * SECOND, 4 * SECOND], 4 * SECOND, True),  # what is wanted later is not known
        ([0, 2 * SECOND, 3 * SECOND], 2 * SECOND, False),  # the group is entered anyway
        ([0, 2 * SECOND, 5 * SECOND], 2 * SECOND, True),
        ([0, 2 * SECOND + 1], 2 * SECOND + 1, False),
    ],
)
def test_a_keyframe_is_decoded_alone_if_its_group_holds_nothing_else_that_is_wanted(
    planner: Planner, wanted_us: list[int], time_us: int, is_alone: bool
) -> None:
    planner.want(wanted_us)
    assert planner.is_alone(time_us) is is_alone


def test_keyframes_side_by_side_are_decoded_one_after_the_other() -> None:
    planner = planned([number * 40_000 for number in range(100)])
    planner.want([0, 40_000, 80_000])
    assert not planner.is_alone(0)


def test_without_keyframe_times_nothing_is_a_seek_away() -> None:
    planner = planned([])
    planner.want([0, 9 * SECOND])
    assert not planner.is_alone(0)
    assert not planner.is_seek_cheaper(0, 9 * SECOND)
