"""Carries out faults on a running stack, and remembers what was hit when."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_suite.schedule import CRASH_POINT, OUTAGE, POWER_CUT, Deck, crash_points
from benchmarks.fault_suite.victims import AIRFLOW, WEIGHTS, Seen, victims
from benchmarks.outage import Outage
from datalake.embedded.leftovers import end, marked_processes

_ARMED_S = 45.0  # a point that nobody passes for so long is not on the way of this traffic
_STALK_S, _STALK_POLL_S = 10.0, 0.25
_AWAY_S = (5.0, 20.0)
_FOLDERS = re.compile(r"/\S*/")  # where a machine keeps its files says nothing about a fault


@dataclass(frozen=True)
class Hit:
    """One kill that happened, or a part that was killed and kept away.

    Attributes:
        at: Unix time.
        kind: what it was; `crash point` for a process that died at a named place.
        what: its command line, shortened, or the name of the place.
        pid: process id, 0 where many or unknown.
        lasted_s: how long it was kept away.
    """

    at: float
    kind: str
    what: str
    pid: int
    lasted_s: float = 0.0

    @property
    def is_airflow(self) -> bool:
        """True when it hit a process of Airflow; whoever dies at a crash point is a task or the triggerer."""
        return self.kind in AIRFLOW or self.kind in (CRASH_POINT, POWER_CUT)


class Faults:
    """Kills processes of one stack.

    Args:
        root: the stack's folder.
        crash_folder: what DATALAKE_CRASH_FOLDER names in the stack's environment.
        kills: how many there will be.
        chance: decides.
        outages: of every component that can be taken away for a while.
        power_on: brings the stack back after everything was killed.
    """

    def __init__(
        self,
        root: Path,
        crash_folder: Path,
        kills: int,
        chance: random.Random,
        outages: Sequence[Outage] = (),
        power_on: Callable[[], object] = lambda: None,
    ) -> None:
        self._root, self._crash_folder = root, crash_folder
        self._chance, self._outages, self.power_on = chance, outages, power_on
        self._deck = Deck(kills, WEIGHTS, chance)
        self._points: list[str] = []
        self._armed: tuple[str, float] | None = None
        self._away: tuple[Outage, float] | None = None
        self.hits: list[Hit] = []
        self.unreached: list[str] = []

    @property
    def armed(self) -> str | None:
        """The crash point that the next process to come by dies at."""
        return self._armed[0] if self._armed else None

    @property
    def next_kind(self) -> str:
        """What the next strike is after."""
        return self._deck.top

    def strike(self) -> None:
        """Kill the next victim of the deck; a crash point is armed, and hits later or never."""
        found = self._stalked(self.next_kind)
        kind = self._deck.draw({*found, *self._specials()})
        if kind == CRASH_POINT:
            self._arm()
        elif kind == OUTAGE:
            self._take_away()
        elif kind == POWER_CUT:
            self._cut_power()
        elif kind:
            self._kill(kind, found[kind])

    def look(self) -> None:
        """Notice a death at the armed point; disarm one that nobody passes; end an outage in time."""
        if self._away and time.time() > self._away[1]:
            self._bring_back()
        if self._armed is None:
            return
        name, since = self._armed
        if not (self._crash_folder / name).exists():
            self._note(CRASH_POINT, name)
            self._armed = None
        elif time.time() - since > _ARMED_S:
            self._disarm()

    def finish(self) -> None:
        """Everything is there again, and nobody dies at a crash point from here on."""
        self._bring_back()
        self._disarm()

    def _specials(self) -> set[str]:
        """What can be dealt whatever runs: one point is armed at a time, and one part away."""
        absent = {name for name, busy in ((CRASH_POINT, self._armed), (OUTAGE, self._away)) if busy}
        return {CRASH_POINT, OUTAGE, POWER_CUT} - absent

    def _stalked(self, kind: str) -> dict[str, list[Seen]]:
        """All victims; waits a while for this kind to show up, since some live for moments only."""
        deadline = time.monotonic() + (_STALK_S if kind in WEIGHTS else 0)
        while kind not in (found := victims(self._root)) and time.monotonic() < deadline:
            self.look()
            time.sleep(_STALK_POLL_S)
        return found

    def _note(self, kind: str, what: str, pid: int = 0) -> None:
        self.hits.append(Hit(time.time(), kind, _FOLDERS.sub("", what)[:120], pid))

    def _kill(self, kind: str, candidates: Sequence[Seen]) -> None:
        chosen = self._chance.choice(candidates)
        try:
            os.kill(chosen.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._deck.put_back(kind)
            return
        self._note(kind, chosen.command, chosen.pid)

    def _arm(self) -> None:
        if not self._points:
            self._points = crash_points()
            self._chance.shuffle(self._points)
        name = self._points.pop()
        (self._crash_folder / name).touch()
        self._armed = (name, time.time())

    def _disarm(self) -> None:
        if self._armed is None:
            return
        name, _ = self._armed
        try:
            (self._crash_folder / name).unlink()
            self.unreached.append(name)
        except FileNotFoundError:  # just now
            self._note(CRASH_POINT, name)
        self._armed = None

    def _take_away(self) -> None:
        outage, seconds = self._chance.choice(self._outages), self._chance.uniform(*_AWAY_S)
        outage.begin()
        self._away = (outage, time.time() + seconds)
        self._note(OUTAGE, f"{outage.name} for {seconds:.0f} s")

    def _bring_back(self) -> None:
        if self._away:
            self._away[0].end()
            self._away = None

    def _cut_power(self) -> None:
        """Everything at once, supervisor and all; then what a person does: start it again."""
        processes = marked_processes(self._root)
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP)
        end(processes, grace_s=0)
        self._note(POWER_CUT, f"{len(processes)} processes")
        self.power_on()
