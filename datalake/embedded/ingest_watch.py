"""Whether `kafka_consumer` takes what is due: a triggerer or scheduler may live, beat and do nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datalake.adapters.postgres import row, rows, transaction
from datalake.adapters.runs import LIVE_STATES, PROCESS_DAG, Runs, RunState
from datalake.errors import PipelineError
from datalake.ingest.watch import Watcher, build_watcher

# The trigger itself may pause for a minute after an outage.
STILL_S = 120.0

_CYCLE = """
SELECT coalesce((SELECT is_paused FROM dag WHERE dag_id = 'kafka_consumer'), true) AS is_paused,
       EXISTS (SELECT FROM task_instance WHERE dag_id = 'kafka_consumer' AND task_id <> 'wait'
               AND state IN ('queued', 'running', 'up_for_retry')) AS is_at_work,
       coalesce((SELECT extract(epoch FROM max(end_date)) FROM task_instance
                 WHERE dag_id = 'kafka_consumer' AND task_id = 'claim' AND state = 'success'), 0)::float
           AS claimed_at
"""
_LIVE_RUNS = "SELECT run_id FROM dag_run WHERE dag_id = %s AND state = ANY(%s)"
_RUN = "SELECT state FROM dag_run WHERE dag_id = %s AND run_id = %s"


@dataclass(frozen=True)
class Cycle:
    """What Airflow's database says about `kafka_consumer`.

    Attributes:
        is_paused: by a person, or it is not there yet.
        is_at_work: a task of it other than `wait` is queued, runs, or waits for its retry.
        claimed_at: Unix time at which the last `claim` ended, 0 if none did.
    """

    is_paused: bool
    is_at_work: bool
    claimed_at: float


def read_cycle(uri: str) -> Cycle:
    """How the consumer is doing, from Airflow's database.

    Raises:
        DatabaseUnavailable: it is away.
    """
    with transaction(uri) as connection:
        return Cycle(**(row(connection, _CYCLE) or {}))


class DatabaseRuns(Runs):
    """Runs as Airflow's database has them, for processes that are no task.

    The live ones are those of the last `read`: one question, however many batches ask.

    Args:
        uri: of Airflow's database.

    Raises:
        DatabaseUnavailable: (every method) the database is away.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._live: frozenset[str] = frozenset()

    def read(self) -> None:
        """See which runs are live now."""
        with transaction(self._uri) as connection:
            found = rows(connection, _LIVE_RUNS, (PROCESS_DAG, LIVE_STATES))
        self._live = frozenset(run["run_id"] for run in found)

    def live_count(self) -> int:
        """As the port says."""
        return len(self._live)

    def state(self, run_id: str) -> RunState:
        """As the port says."""
        if run_id in self._live:
            return "live"
        with transaction(self._uri) as connection:
            found = row(connection, _RUN, (PROCESS_DAG, run_id))
        if found is None:
            return "missing"
        return "live" if found["state"] in LIVE_STATES else "ended"


class DueWork:
    """Asks what the consumer's trigger asks; its connections are made anew after every trouble."""

    def __init__(self, runs: DatabaseRuns) -> None:
        self._runs = runs
        self._watcher: Watcher | None = None

    def __call__(self) -> bool:
        """True when a cycle of `kafka_consumer` would do something now, as far as services answer."""
        try:
            self._watcher = self._watcher or build_watcher(self._runs)
            self._runs.read()
            return self._watcher.is_work_due()
        except PipelineError:
            self._watcher = None
            return False


class IngestWatch:
    """Measures for how long work is due that nobody takes.

    Args:
        is_work_due: asks what the trigger asks.
        cycle: reads how the consumer is doing.
        has_free_slot: says whether Airflow would take one more task.
    """

    def __init__(
        self, is_work_due: Callable[[], bool], cycle: Callable[[], Cycle], has_free_slot: Callable[[], bool]
    ) -> None:
        self._is_work_due = is_work_due
        self._cycle = cycle
        self._has_free_slot = has_free_slot
        self._due_since: float | None = None

    def start_again(self) -> None:
        """Forget what was seen: something was restarted, or is not well."""
        self._due_since = None

    def trouble(self, now: float) -> str | None:
        """What is wrong when work is due and no cycle takes it though one could, else None."""
        cycle = self._cycle()
        is_excused = cycle.is_paused or cycle.is_at_work or not self._has_free_slot()
        if is_excused or not self._is_work_due():
            self._due_since = None
            return None
        self._due_since = max(self._due_since or now, cycle.claimed_at)
        still_s = now - self._due_since
        return f"work was due for {still_s:.0f} s and nothing claimed it" if still_s > STILL_S else None
