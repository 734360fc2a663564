"""Runs in a dict, for tests and trials without Airflow."""

from __future__ import annotations

from datalake.adapters.runs import Runs, RunState


class MemoryRuns(Runs):
    """Set `states[run_id]` to "live" or "ended"; a run that is not there is missing."""

    def __init__(self) -> None:
        self.states: dict[str, RunState] = {}

    def live_count(self) -> int:
        """As the port says."""
        return sum(state == "live" for state in self.states.values())

    def state(self, run_id: str) -> RunState:
        """As the port says."""
        return self.states.get(run_id, "missing")
