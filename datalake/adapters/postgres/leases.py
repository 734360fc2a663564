"""Leases of silver work in PostgreSQL."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from datalake.adapters.ports import LeaseAnswer, WorkLeases
from datalake.adapters.postgres import execute, row, transaction
from datalake.adapters.postgres.statements import statement
from datalake.contracts import WorkIdentity
from datalake.errors import LeaseLost

_WORK = "asset_id = %(asset_id)s AND model = %(model)s AND settings_hash = %(settings_hash)s"
_MANIFEST = f"SELECT manifest_key FROM work WHERE {_WORK}"
_RENEW = f"""
UPDATE work SET lease_until = now() + make_interval(secs => %(lease_s)s),
    windows_done = greatest(windows_done, %(windows_done)s), windows_total = %(windows_total)s,
    windows_moved_at = CASE WHEN %(windows_done)s > windows_done THEN now() ELSE windows_moved_at END
WHERE {_WORK} AND lease_token = %(token)s AND manifest_key IS NULL
"""
_NO_LEASE = (
    "lease_token = NULL, lease_batch_id = NULL, lease_attempt = NULL, lease_task = NULL, lease_until = NULL"
)
_FINISH = f"""
UPDATE work SET manifest_key = %(manifest_key)s, finished_at = now(),
    windows_done = COALESCE(windows_total, windows_done), {_NO_LEASE}
WHERE {_WORK} AND lease_token = %(token)s AND manifest_key IS NULL
"""
_REOPEN = f"""
UPDATE work SET manifest_key = NULL, finished_at = NULL, windows_done = 0, windows_total = NULL
WHERE {_WORK} AND manifest_key = %(manifest_key)s
"""
_RELEASE = f"UPDATE work SET {_NO_LEASE} WHERE {_WORK} AND lease_token = %(token)s AND manifest_key IS NULL"


class PostgresLeases(WorkLeases):
    """Rows of `work`; one short transaction a call."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def lease(
        self, work: WorkIdentity, token: UUID, batch_id: UUID, attempt: int, lease_s: float, task: str = ""
    ) -> LeaseAnswer:
        """As the port says, in one statement: PostgreSQL's clock decides."""
        asked = {"token": token, "batch_id": batch_id, "attempt": attempt, "lease_s": lease_s, "task": task}
        with transaction(self._uri) as connection:
            if row(connection, statement("catalog/lease"), work.model_dump() | asked) is not None:
                return "acquired"
            found = row(connection, _MANIFEST, work.model_dump())
        return "finished" if found is not None and found["manifest_key"] is not None else "busy"

    def renew(
        self, work: WorkIdentity, token: UUID, lease_s: float, windows_done: int, windows_total: int
    ) -> None:
        """As the port says."""
        values = {"lease_s": lease_s, "windows_done": windows_done, "windows_total": windows_total}
        if not self._update(_RENEW, work, token=token, **values):
            raise LeaseLost(f"{work.prefix}: another task try took over this work")

    def finish(self, work: WorkIdentity, token: UUID, manifest_key: str) -> None:
        """As the port says."""
        if self._update(_FINISH, work, token=token, manifest_key=manifest_key):
            return
        with transaction(self._uri) as connection:
            found = row(connection, _MANIFEST, work.model_dump())
        if found is None or found["manifest_key"] is None:
            raise LeaseLost(f"{work.prefix}: another task try took over this work")

    def reopen(self, work: WorkIdentity, manifest_key: str) -> None:
        """As the port says."""
        self._update(_REOPEN, work, manifest_key=manifest_key)

    def release(self, work: WorkIdentity, token: UUID) -> None:
        """As the port says."""
        self._update(_RELEASE, work, token=token)

    def _update(self, sql: str, work: WorkIdentity, **values: Any) -> bool:
        with transaction(self._uri) as connection:
            return execute(connection, sql, work.model_dump() | values) > 0
