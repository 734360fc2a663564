"""Deals the faults: which kind comes next, and how long to wait before it. Everything comes from the seed."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from datalake.settings import PROJECT_ROOT

CRASH_POINT, OUTAGE, POWER_CUT = "crash point", "outage", "power cut"
_SPECIAL = {CRASH_POINT: 14, OUTAGE: 4, POWER_CUT: 1}
_POWER_CUT_FROM_KILLS = 50
_AFTER_RECOVERY_SHARE = 0.5


@dataclass(frozen=True)
class Step:
    """When the next kill comes: so long after the last one, or after the stack has gone on from it."""

    delay_s: float
    after_recovery: bool


class Deck:
    """Kinds to kill, shuffled; each comes as often as its weight says before any comes again.

    Args:
        kills: how many there will be in all.
        weights: of the kinds of processes.
        chance: shuffles.
    """

    def __init__(self, kills: int, weights: Mapping[str, int], chance: random.Random) -> None:
        special = dict(_SPECIAL)
        if kills < _POWER_CUT_FROM_KILLS:
            del special[POWER_CUT]
        self._weights = {**weights, **special}
        self._kills, self._chance = kills, chance
        self._cards = self._shuffled()

    @property
    def top(self) -> str:
        """The kind whose turn it is."""
        return self._cards[0]

    def draw(self, present: Collection[str]) -> str | None:
        """The next kind that is present; the others stay on top. None if there is none."""
        chosen = next((kind for kind in self._cards if kind in present), None)
        if chosen is None:
            fresh = self._shuffled()
            chosen = next((kind for kind in fresh if kind in present), None)
            if chosen is None:
                return None
            self._cards += fresh
        self._cards.remove(chosen)
        self._cards = self._cards or self._shuffled()
        return chosen

    def put_back(self, kind: str) -> None:
        """It was gone before it could be killed."""
        self._cards.insert(0, kind)

    def _shuffled(self) -> list[str]:
        """Weights scaled to the number of kills, every kind at least once."""
        scale = min(1.0, self._kills / sum(self._weights.values()))
        cards = [kind for kind, weight in self._weights.items() for _ in range(max(1, round(weight * scale)))]
        self._chance.shuffle(cards)
        return cards


def step(pace_s: float, chance: random.Random) -> Step:
    """The next step: `pace_s` seconds on average, half of them counted from when the stack has gone on."""
    return Step(chance.uniform(0.2, 1.8) * pace_s, chance.random() < _AFTER_RECOVERY_SHARE)


def crash_points() -> list[str]:
    """Every place in the package where a process can be told to die, sorted."""
    sources = (PROJECT_ROOT / "datalake").rglob("*.py")
    named = re.compile(r'crash_point\("([a-z_.]+)"\)')
    return sorted({name for path in sources for name in named.findall(path.read_text("utf-8"))})
