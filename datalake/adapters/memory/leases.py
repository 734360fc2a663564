"""Leases of silver work in a dictionary, by the rules of the real ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import RLock
from uuid import UUID

from datalake.adapters.ports import LeaseAnswer, WorkLeases
from datalake.contracts import WorkIdentity
from datalake.errors import LeaseLost


@dataclass(frozen=True)
class _Lease:
    token: UUID | None
    batch_id: UUID
    attempt: int
    task: str
    until_s: float
    manifest_key: str | None = None
    windows: tuple[int, int | None] = (0, None)


class MemoryLeases(WorkLeases):
    """Leases by work; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = RLock()
        self._clock = clock
        self._leases: dict[WorkIdentity, _Lease] = {}

    def lease(
        self, work: WorkIdentity, token: UUID, batch_id: UUID, attempt: int, lease_s: float, task: str = ""
    ) -> LeaseAnswer:
        """As the port says."""
        with self._lock:
            held = self._leases.get(work)
            if held is not None and held.manifest_key is not None:
                return "finished"
            windows = self.windows(work)
            asked = _Lease(token, batch_id, attempt, task, self._clock() + lease_s, windows=windows)
            if held is not None and not self._may_take(held, asked):
                return "busy"
            self._leases[work] = asked
            return "acquired"

    def renew(
        self, work: WorkIdentity, token: UUID, lease_s: float, windows_done: int, windows_total: int
    ) -> None:
        """As the port says."""
        with self._lock:
            own = self._own(work, token)
            windows = (max(own.windows[0], windows_done), windows_total)
            self._leases[work] = replace(own, until_s=self._clock() + lease_s, windows=windows)

    def finish(self, work: WorkIdentity, token: UUID, manifest_key: str) -> None:
        """As the port says."""
        with self._lock:
            held = self._leases.get(work)
            if held is None or held.manifest_key is None:
                own = self._own(work, token)
                done, total = own.windows
                windows = (done if total is None else total, total)
                self._leases[work] = replace(own, manifest_key=manifest_key, token=None, windows=windows)

    def reopen(self, work: WorkIdentity, manifest_key: str) -> None:
        """As the port says."""
        with self._lock:
            held = self._leases.get(work)
            if held is not None and held.manifest_key == manifest_key:
                del self._leases[work]

    def release(self, work: WorkIdentity, token: UUID) -> None:
        """As the port says."""
        with self._lock:
            held = self._leases.get(work)
            if held is not None and held.token == token and held.manifest_key is None:
                self._leases[work] = replace(held, token=None, until_s=-math.inf)

    def windows(self, work: WorkIdentity) -> tuple[int, int | None]:
        """Windows done and in all, as renewed last; None: not known."""
        held = self._leases.get(work)
        return held.windows if held else (0, None)

    def _may_take(self, held: _Lease, asked: _Lease) -> bool:
        if held.token == asked.token or held.until_s < self._clock():
            return True
        if held.batch_id != asked.batch_id or held.attempt > asked.attempt:
            return False
        return held.attempt < asked.attempt or held.task == asked.task

    def _own(self, work: WorkIdentity, token: UUID) -> _Lease:
        held = self._leases.get(work)
        if held is None or held.token != token or held.manifest_key is not None:
            raise LeaseLost(f"{work.prefix}: another task try took over this work")
        return held
