"""The restarts that the watchdog made: kept for people, and for its own patience."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from datalake.common_func import backoff_s
from datalake.embedded.state import Layout, write_private

FIRST_PAUSE_S = 120.0
LONGEST_PAUSE_S = 1800.0
FORGIVEN_AFTER_S = 6 * 3600.0
_KEPT = 200
_MINUTES_SHOWN = 120


@dataclass(frozen=True)
class Restart:
    """One restart.

    Attributes:
        component: what was restarted.
        reason: why, in words for a person.
        at: Unix time, seconds.
    """

    component: str
    reason: str
    at: float

    def told(self, now: float) -> str:
        """For people, e.g. `not healthy for 95 s, 3 minutes ago`."""
        minutes = int(max(0.0, now - self.at) // 60)
        if minutes < _MINUTES_SHOWN:
            when = f"{minutes} minute{'' if minutes == 1 else 's'} ago"
        else:
            when = datetime.fromtimestamp(self.at).astimezone().strftime("%Y-%m-%d %H:%M")
        return f"{self.reason}, {when}"


class RestartBook:
    """Restarts in a JSON file, oldest first; a restart of the watchdog forgets none.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of(cls, folder: Layout) -> RestartBook:
        """The book of a stack."""
        return cls(folder.root / "restarts.json")

    def restarts(self, component: str | None = None) -> list[Restart]:
        """The newest 200, or those of one component among them."""
        if not self._path.exists():
            return []
        found = [Restart(**entry) for entry in json.loads(self._path.read_text("utf-8"))]
        return [restart for restart in found if component in (None, restart.component)]

    def write(self, restart: Restart) -> None:
        """Add one."""
        kept = [*self.restarts(), restart][-_KEPT:]
        write_private(self._path, json.dumps([asdict(one) for one in kept], indent=1) + "\n")

    def is_allowed(self, component: str, now: float) -> bool:
        """False for a while after each restart, for longer after every further one: it did not help."""
        recent = [one.at for one in self.restarts(component) if 0 <= now - one.at < FORGIVEN_AFTER_S]
        if not recent:
            return True
        pause_s = backoff_s(
            len(recent), FIRST_PAUSE_S, LONGEST_PAUSE_S, draw=lambda: 1.0
        )  # one watchdog: no crowd
        return now - recent[-1] >= pause_s
