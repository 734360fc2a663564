"""A whole stack in a home of its own, for tests that need all of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.own_stack import own_stack
from datalake.adapters import postgres
from datalake.demo.ledger_rows import Progress, progress
from datalake.demo.messages import DemoMessage, arrived, fresh_clip
from datalake.demo.scene import Scene
from datalake.embedded import samples
from datalake.errors import TransientError
from datalake.ingest.ledger import LedgerBalance, ledger_balance

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Live:
    """A running stack, and what tests ask of it."""

    home: Path
    scene: Scene

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a module or script of the project as a user would; its output is captured."""
        return subprocess.run([sys.executable, *argv], cwd=ROOT, capture_output=True, text=True, timeout=400)

    def fresh(self, name: str) -> tuple[DemoMessage, Path]:
        """A message for a clip whose bytes were never seen before."""
        clip = fresh_clip(samples.sample_clips()[1], samples.samples_folder())
        return arrived(f"{name}-{uuid4().hex[:8]}", clip), clip

    def rows(self, sql: str, *parameters: object) -> list[dict[str, object]]:
        """Rows of a query on `video_db`."""
        with postgres.transaction(self.scene.postgres_uri) as connection:
            return postgres.rows(connection, sql, parameters)

    def wait_for(self, messages: Sequence[DemoMessage], timeout_s: float = 240) -> Progress:
        """Return when all have ended, with letters published and mails sent; fail after the time."""
        looked = Progress(len(messages), {}, 0)

        def is_complete() -> bool:
            nonlocal looked
            looked = progress(self.scene.postgres_uri, messages)
            return looked.is_complete

        wait_until(is_complete, timeout_s, lambda: f"{looked.finished} of {len(messages)} ended: {looked}")
        return looked

    def outcomes(self, messages: Sequence[DemoMessage]) -> dict[str, tuple[str | None, str | None]]:
        """Outcome and reason by video id, once all have ended."""
        states = self.wait_for(messages).states
        return {
            message.video_id: (states[message.sha256].outcome, states[message.sha256].reason)
            for message in messages
        }

    def balance(self) -> LedgerBalance:
        """The ledger against the broker."""
        return ledger_balance(self.scene.postgres_uri, self.scene.kafka)


def wait_until(is_true: Callable[[], bool], timeout_s: float, describe: Callable[[], str]) -> None:
    """Poll until it is true, also through outages; fail with a description when the time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with suppress(TransientError):
            if is_true():
                return
        time.sleep(0.2)
    pytest.fail(f"not within {timeout_s:.0f} s: {describe()}")


@contextmanager
def live_stack(home: Path) -> Iterator[Live]:
    """Start a stack in `home`; nothing of it is left afterwards."""
    with own_stack(home) as state:
        yield Live(home, Scene.of_stack(state))
