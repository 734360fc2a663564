from __future__ import annotations

import random

from benchmarks.fault_suite.schedule import CRASH_POINT, OUTAGE, POWER_CUT, Deck, crash_points, step
from benchmarks.fault_suite.victims import AIRFLOW, WEIGHTS


def test_every_kind_comes_and_the_heavy_ones_most_often() -> None:
    deck = Deck(100, WEIGHTS, random.Random(1))
    everything = {*WEIGHTS, CRASH_POINT, OUTAGE, POWER_CUT}
    drawn = [deck.draw(everything) for _ in range(100)]
    assert set(drawn) == everything
    assert drawn.count("task") > 10 * drawn.count("watchdog")


def test_in_a_short_run_a_few_hit_airflow_and_the_power_stays_on() -> None:
    for seed in range(50):
        deck = Deck(20, WEIGHTS, random.Random(seed))
        drawn = [deck.draw({*WEIGHTS, CRASH_POINT, OUTAGE, POWER_CUT}) for _ in range(20)]
        assert POWER_CUT not in drawn
        assert sum(kind in AIRFLOW for kind in drawn) >= 5


def test_what_is_absent_is_dealt_when_it_is_there() -> None:
    deck = Deck(2, {"a": 1, "b": 1}, random.Random(1))
    assert [deck.draw({"a"}), deck.draw({"a", "b"})] == ["a", "b"]
    assert deck.draw(set()) is None


def test_a_card_put_back_comes_next() -> None:
    deck = Deck(3, {"a": 1, "b": 1, "c": 1}, random.Random(1))
    first = deck.draw({"a", "b", "c"})
    assert first is not None
    deck.put_back(first)
    assert deck.draw({first}) == first


def test_steps_are_about_the_pace_apart() -> None:
    chance = random.Random(1)
    steps = [step(5.0, chance) for _ in range(400)]
    assert 4.5 < sum(one.delay_s for one in steps) / len(steps) < 5.5
    assert 150 < sum(one.after_recovery for one in steps) < 250


def test_crash_points_are_found_in_the_package() -> None:
    assert {"claim.after_ledger", "batches.after_advance"} <= set(crash_points())
