"""The deferrable trigger of `kafka_consumer`: waits, at no cost to any worker, until work is due.

Imported by the triggerer, so nothing heavy may come in at the top.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from logging import getLogger
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

if TYPE_CHECKING:
    from datalake.ingest.watch import Watcher

_LOG = getLogger(__name__)
LONGEST_PAUSE_S = 60.0
_BUSY_TIMES = 4  # a look takes from what runs use


class WorkDue(BaseTrigger):
    """Fires when a cycle would do something, and ends the waiting task by itself.

    Services that are away, and settings that are wrong, make it wait with back-off and never fail it.

    Args:
        poll_s: seconds between looks while nothing runs; four times as long while something does.
    """

    def __init__(self, poll_s: float = 0.5) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_s = poll_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, as the triggerer wants them."""
        return (f"{type(self).__module__}.{type(self).__qualname__}", {"poll_s": self.poll_s})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look in a thread until work is due."""
        with await asyncio.to_thread(_kept_connections):
            await self._until_due()
        yield TaskSuccessEvent()

    async def _until_due(self) -> None:
        from datalake.common_func import backoff_s
        from datalake.errors import PipelineError

        watcher: Watcher | None = None
        troubles = 0
        while True:
            try:
                if watcher is None:
                    watcher = await asyncio.to_thread(self.build_watcher)
                if await asyncio.to_thread(watcher.is_work_due):
                    return
                troubles, pause_s = 0, self.poll_s * (_BUSY_TIMES if watcher.is_busy else 1)
            except PipelineError as error:
                watcher = None
                troubles += 1
                pause_s = backoff_s(troubles, 2 * self.poll_s, LONGEST_PAUSE_S)
                _LOG.warning("Looking again in %.0f s: %s", pause_s, error)
            await asyncio.sleep(pause_s)

    def build_watcher(self) -> Watcher:
        """What looks, made anew after every trouble."""
        from datalake.adapters.runs import AirflowRuns
        from datalake.ingest.watch import build_watcher

        return build_watcher(AirflowRuns())


def _kept_connections() -> AbstractContextManager[None]:
    """A new one for every look would keep the database busier than all else."""
    from datalake.adapters.postgres import kept_connections

    return kept_connections()
