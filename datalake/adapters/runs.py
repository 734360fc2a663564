"""What Airflow knows about runs of `video_process`; works in tasks and in triggers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

from datalake.errors import TransientError

RunState = Literal["missing", "live", "ended"]
PROCESS_DAG = "video_process"
LIVE_STATES = ["queued", "running"]


class Runs(ABC):
    """Runs of the processing DAG."""

    @abstractmethod
    def live_count(self) -> int:
        """Runs that are queued or running."""

    @abstractmethod
    def state(self, run_id: str) -> RunState:
        """Whether a run was never made, is under way, or has ended."""


class AirflowRuns(Runs):
    """Asks the supervisor that every task and trigger of Airflow has.

    In a trigger call it from a thread: it blocks.

    Raises:
        TransientError: (every method) Airflow's API is away.
    """

    def live_count(self) -> int:
        """As the port says."""
        return self._count(states=LIVE_STATES)

    def state(self, run_id: str) -> RunState:
        """As the port says."""
        if self._count(run_ids=[run_id], states=LIVE_STATES):
            return "live"
        return "ended" if self._count(run_ids=[run_id]) else "missing"

    def _count(self, run_ids: list[str] | None = None, states: list[str] | None = None) -> int:
        from airflow.sdk.exceptions import AirflowRuntimeError
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        try:
            return RuntimeTaskInstance.get_dr_count(dag_id=PROCESS_DAG, run_ids=run_ids, states=states)
        except AirflowRuntimeError as error:
            raise TransientError(f"Airflow does not say how its runs are: {error}") from error
