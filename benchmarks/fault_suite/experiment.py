"""One run: a stack of its own, messages in waves, a kill every few seconds, the wait until all is done."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from benchmarks.clips import Recipe, clip
from benchmarks.fault_suite.facts import Facts, collect
from benchmarks.fault_suite.faults import Faults, Hit
from benchmarks.fault_suite.producer import ProducerProcess
from benchmarks.fault_suite.progress import Glance, Watch, glance
from benchmarks.fault_suite.schedule import Step, step
from benchmarks.fault_suite.traffic import RECEIVER, Message, Traffic, plan
from benchmarks.outage import ComponentOutage
from benchmarks.own_stack import own_stack
from datalake.crash_points import FOLDER
from datalake.demo.scene import Scene
from datalake.embedded import stack
from datalake.embedded.parts import open_stack
from datalake.embedded.samples import samples_folder
from datalake.embedded.stack import StackState
from datalake.errors import TransientError

CLIPS = 8
SIZE = (160, 96)
_POLL_S = 0.5


@dataclass(frozen=True)
class Arguments:
    """What the command line says; see its help."""

    messages: int
    repeats: float
    poison: float
    kills: int
    seed: int
    pace_s: float = 5.0
    drain_s: float = 600.0
    patience_s: float = 60.0

    @property
    def sent(self) -> int:
        """Messages on the topic at the end, with the repeats."""
        return self.messages + round(self.messages * self.repeats)


@dataclass
class Experiment:
    """A run in a folder.

    Args:
        arguments: how much of everything.
        folder: gets the stack's home and the receipts.
        watch: shows how it goes.
    """

    arguments: Arguments
    folder: Path
    watch: Watch
    steps: list[Step] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)

    def run(self) -> Facts:
        """Everything; the stack is down afterwards.

        Raises:
            PipelineError: the stack did not start, or a store was away at the end.
        """
        home, crash_folder = self.folder / "home", self.folder / "armed"
        for folder in (home, crash_folder):
            folder.mkdir(parents=True, exist_ok=True)
        (home / ".env").write_text(f"EMAIL_RECEIVER={RECEIVER}\nCLAIM_MAX_WAIT_S=3\n", "utf-8")
        with own_stack(home, self.watch.say, {FOLDER: str(crash_folder)}) as state:
            return self._under_load(state, crash_folder)

    def _under_load(self, state: StackState, crash_folder: Path) -> Facts:
        given = self.arguments
        scene, chance = Scene.of_stack(state), random.Random(given.seed)
        samples_folder().mkdir(parents=True, exist_ok=True)
        clips = [clip(2 + seed % 3, seed, Recipe(SIZE)) for seed in range(CLIPS)]
        traffic = plan(given.messages, given.repeats, given.poison, chance, clips, samples_folder())
        faults = Faults(
            root=state.root,
            crash_folder=crash_folder,
            kills=given.kills,
            chance=random.Random(given.seed + 1),
            outages=[ComponentOutage(open_stack(), name) for name in state.components],
            power_on=lambda: stack.up(self.watch.say),
        )
        receipts = self.folder / "receipts.jsonl"
        with ProducerProcess(receipts, self.folder / "producer.log") as producer:
            self._kill_and_send(scene, traffic, faults, producer)
            faults.finish()
            self.unreached = faults.unreached
            last_at = faults.hits[-1].at if faults.hits else time.time()
            self.watch.say("all messages are handed over and no more kills; waiting until everything is done")
            producer.finish(given.drain_s)
            drained_s = self._drained(scene, traffic, faults.hits, last_at)
            sent = producer.receipts()
        return collect(scene, state.mails, traffic, sent, faults.hits, drained_s)

    def _kill_and_send(
        self, scene: Scene, traffic: Traffic, faults: Faults, producer: ProducerProcess
    ) -> None:
        """A wave of messages before each kill and one after the last, so that there is always work."""
        given, chance = self.arguments, random.Random(self.arguments.seed + 2)
        waves = _waves(traffic, given.kills + 1)
        wave: Sequence[Message] = next(waves)
        sent = hits = 0
        while True:
            producer.send([(message.key, message.payload) for message in wave])
            sent += len(wave)
            if len(faults.hits) >= given.kills:
                return
            while len(faults.hits) == hits:
                self.steps.append(step(given.pace_s, chance))
                if not self._is_hit_before(self.steps[-1], scene, faults, sent):
                    faults.strike()
            wave = [message for _ in faults.hits[hits:] for message in next(waves, ())]
            hits = len(faults.hits)

    def _is_hit_before(self, coming: Step, scene: Scene, faults: Faults, sent: int) -> bool:
        """Wait until the next kill is due; True if a process died at a crash point meanwhile."""
        hits, begun, patience_s = len(faults.hits), self._glance(scene), self.arguments.patience_s
        waiting_since = time.monotonic()
        counting_since = None if coming.after_recovery and hits else waiting_since
        while True:
            looked, now = self._glance(scene), time.monotonic()
            self.watch.show(looked, sent, faults.hits, faults.armed)
            faults.look()
            if len(faults.hits) > hits:
                return True
            if counting_since is None:
                has_gone_on = looked is not None and looked != begun
                counting_since = now if has_gone_on or now - waiting_since > patience_s else None
            elif now - counting_since >= coming.delay_s:
                return False
            time.sleep(_POLL_S)

    def _drained(self, scene: Scene, traffic: Traffic, hits: list[Hit], last_at: float) -> float | None:
        """Seconds from the last kill until nothing was left to do; None when the time was over."""
        sent = len(traffic.order)
        while time.time() - last_at < self.arguments.drain_s:
            looked = self._glance(scene)
            self.watch.show(looked, sent, hits, None)
            if looked is not None and looked.ended == sent and not looked.outbox:
                return round(time.time() - last_at, 1)
            time.sleep(_POLL_S)
        return None

    def _glance(self, scene: Scene) -> Glance | None:
        with suppress(TransientError):
            return glance(scene.postgres_uri)
        return None


def _waves(traffic: Traffic, count: int) -> Iterator[tuple[Message, ...]]:
    """The order in so many parts of about the same length."""
    order, total = traffic.order, len(traffic.order)
    bounds = [total * number // count for number in range(count + 1)]
    return (order[start:end] for start, end in pairwise(bounds))
