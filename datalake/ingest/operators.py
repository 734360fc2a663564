"""The operator that waits. Imported by DAG files: nothing heavy may come in here."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator
from airflow.triggers.base import StartTriggerArgs

from datalake.ingest.trigger import WorkDue


class WaitForWork(BaseOperator):
    """Waits in the triggerer until work is due; neither its start nor its end needs a worker."""

    start_from_trigger = True
    start_trigger_args = StartTriggerArgs(
        trigger_cls="datalake.ingest.trigger.WorkDue", trigger_kwargs={}, next_method="execute_complete"
    )

    def execute(self, context: Any) -> None:
        """Defer; only reached where the scheduler could not start the trigger itself, e.g. in a retry."""
        self.defer(trigger=WorkDue(), method_name="execute_complete")

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """Nothing is left to do when the trigger has fired."""
