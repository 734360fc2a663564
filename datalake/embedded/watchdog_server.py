"""The watchdog as a part of the stack; what it does is in `watchdog`."""

from __future__ import annotations

import time
from pathlib import Path

from datalake.embedded.process import Server, python_argv
from datalake.embedded.state import Layout

PATIENCE_S = 90.0


class WatchdogServer(Server):
    """The watchdog as a component; it is healthy while it keeps touching a file."""

    name = "watchdog"

    def __init__(self, folder: Layout) -> None:
        super().__init__(folder.log(self.name))
        self._beat = beat_file(folder)

    def prepare(self) -> None:
        """Nothing."""

    def argv(self) -> list[str]:
        """This module."""
        return python_argv("datalake.embedded.watchdog")

    def is_ready(self) -> bool:
        """True when it looked around lately."""
        return self.is_ready_since(0)

    def is_ready_since(self, started_at: float) -> bool:
        """Like `is_ready`, for the process started at this time."""
        if not self._beat.exists():
            return False
        beat = self._beat.stat().st_mtime
        return beat >= started_at and time.time() - beat < PATIENCE_S


def beat_file(folder: Layout) -> Path:
    """The file that the watchdog touches."""
    return folder.run / "watchdog.beat"
