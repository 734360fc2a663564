"""The little of Airflow's REST API that the demo looks at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from datalake.errors import TransientError


@dataclass(frozen=True)
class TaskTimes:
    """When one task instance was queued, started and ended."""

    task_id: str
    state: str | None
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


class AirflowApi:
    """A logged-in client.

    Args:
        url: root of the Airflow UI.
        user: user name.
        password: password.

    Raises:
        TransientError: the API server cannot be reached or refuses the login.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url.rstrip("/")
        self._token = ""
        self._token = self._json("/auth/token", {"username": user, "password": password})["access_token"]

    def task_times(self, dag_id: str, run_id: str) -> list[TaskTimes]:
        """Every task instance of a run."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances?limit=1000"
        return [
            TaskTimes(
                task_id=found["task_id"],
                state=found["state"],
                queued_at=_time(found["queued_when"]),
                started_at=_time(found["start_date"]),
                ended_at=_time(found["end_date"]),
            )
            for found in self._json(path)["task_instances"]
        ]

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, object]) -> None:
        """Start a run, as the trigger form does."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self._json(f"/api/v2/dags/{quote(dag_id)}/dagRuns", body)

    def runs(self, dag_id: str, state: str) -> list[str]:
        """Ids of the DAG's runs in a state."""
        answer = self._json(f"/api/v2/dags/{quote(dag_id)}/dagRuns?limit=100&state={state}")
        return [run["dag_run_id"] for run in answer["dag_runs"]]

    def _json(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self._url + path, data, headers), timeout=20) as response:
                return json.load(response)
        except URLError as error:
            raise TransientError(f"Airflow's API at {self._url}{path}: {error}") from error


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
