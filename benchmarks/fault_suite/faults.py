"""Carries out faults on a running stack, and remembers what was hit when."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_suite.schedule import CRASH_POINT, POWER_CUT, Deck, crash_points
from benchmarks.fault_suite.victims import AIRFLOW, WEIGHTS, Seen, victims
from datalake.embedded.leftovers import end, marked_processes

_ARMED_S = 45.0  # a point that nobody passes for so long is not on the way of this traffic


@dataclass(frozen=True)
class Hit:
    """One kill that happened.

    Attributes:
        at: Unix time.
        kind: what it was; `crash point` for a process that died at a named place.
        what: its command line, shortened, or the name of the place.
        pid: process id, 0 where many or unknown.
    """

    at: float
    kind: str
    what: str
    pid: int

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
        power_on: brings the stack back after everything was killed.
    """

    def __init__(
        self,
        root: Path,
        crash_folder: Path,
        kills: int,
        chance: random.Random,
        power_on: Callable[[], object],
    ) -> None:
        self._root, self._crash_folder = root, crash_folder
        self._chance, self._power_on = chance, power_on
        self._deck = Deck(kills, WEIGHTS, chance)
        self._points: list[str] = []
        self._armed: tuple[str, float] | None = None
        self.hits: list[Hit] = []
        self.unreached: list[str] = []

    @property
    def armed(self) -> str | None:
        """The crash point that the next process to come by dies at."""
        return self._armed[0] if self._armed else None

    def strike(self) -> None:
        """Kill the next victim of the deck; a crash point is armed, and hits later or never."""
        present = victims(self._root)
        special = {POWER_CUT} if self._armed else {POWER_CUT, CRASH_POINT}
        kind = self._deck.draw({*present, *special})
        if kind == CRASH_POINT:
            self._arm()
        elif kind == POWER_CUT:
            self._cut_power()
        elif kind:
            self._kill(kind, present[kind])

    def watch_armed(self) -> None:
        """Notice that a process died at the armed point, or that nobody comes by."""
        if self._armed is None:
            return
        name, since = self._armed
        if not (self._crash_folder / name).exists():
            self.hits.append(Hit(time.time(), CRASH_POINT, name, 0))
            self._armed = None
        elif time.time() - since > _ARMED_S:
            self.disarm()

    def disarm(self) -> None:
        """Nobody dies at a crash point from here on."""
        if self._armed is None:
            return
        name, _ = self._armed
        try:
            (self._crash_folder / name).unlink()
            self.unreached.append(name)
        except FileNotFoundError:  # just now
            self.hits.append(Hit(time.time(), CRASH_POINT, name, 0))
        self._armed = None

    def _kill(self, kind: str, candidates: Sequence[Seen]) -> None:
        chosen = self._chance.choice(candidates)
        try:
            os.kill(chosen.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._deck.put_back(kind)
            return
        self.hits.append(Hit(time.time(), kind, chosen.command[:120], chosen.pid))

    def _arm(self) -> None:
        if not self._points:
            self._points = crash_points()
            self._chance.shuffle(self._points)
        name = self._points.pop()
        (self._crash_folder / name).touch()
        self._armed = (name, time.time())

    def _cut_power(self) -> None:
        """Everything at once, supervisor and all; then what a person does: start it again."""
        processes = marked_processes(self._root)
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP)
        end(processes, grace_s=0)
        self.hits.append(Hit(time.time(), POWER_CUT, f"{len(processes)} processes", 0))
        self._power_on()
