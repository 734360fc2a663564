"""The client against a small HTTP server that answers as Airflow's API does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from datalake.demo.airflow_api import AirflowApi, TaskTimes
from datalake.errors import TransientError

INSTANCES = {
    "task_instances": [
        {
            "task_id": "plan",
            "state": "success",
            "queued_when": "2026-01-02T03:04:05Z",
            "start_date": "2026-01-02T03:04:06.5Z",
            "end_date": None,
        }
    ]
}
RUNS = {"dag_runs": [{"dag_run_id": "manual__1"}, {"dag_run_id": "b-1"}]}


class Api(ThreadingHTTPServer):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, object]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            right = body == {"username": "admin", "password": "pw"}
            self._reply(201 if right else 401, {"access_token": "token"} if right else {})
        else:
            self._authorized(body)

    def do_GET(self) -> None:
        self._authorized(None)

    def _authorized(self, body: object) -> None:
        if self.headers["Authorization"] != "Bearer token":
            self._reply(401, {})
            return
        self.server.asked.append((self.command, self.path, body))
        self._reply(200, INSTANCES if "taskInstances" in self.path else RUNS)

    def _reply(self, status: int, answer: object) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_task_times_are_read_under_the_login(api: Api) -> None:
    client = AirflowApi(api.url + "/", "admin", "pw")
    assert client.task_times("video_process", "manual+0") == [
        TaskTimes(
            "plan",
            "success",
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            datetime(2026, 1, 2, 3, 4, 6, 500_000, tzinfo=UTC),
            None,
        )
    ]
    ((method, path, _),) = api.asked
    assert method == "GET"
    assert path.startswith("/api/v2/dags/video_process/dagRuns/manual")
    assert "%2B0/taskInstances" in path


def test_a_run_is_started_as_the_form_does(api: Api) -> None:
    AirflowApi(api.url, "admin", "pw").trigger("video_process", "manual__1", {"uris": ["file:///a"]})
    body = {"dag_run_id": "manual__1", "logical_date": None, "conf": {"uris": ["file:///a"]}}
    assert api.asked == [("POST", "/api/v2/dags/video_process/dagRuns", body)]


def test_runs_in_a_state(api: Api) -> None:
    assert AirflowApi(api.url, "admin", "pw").runs("video_process", "running") == ["manual__1", "b-1"]
    assert "state=running" in api.asked[0][1]


def test_a_refused_login_is_said(api: Api) -> None:
    with pytest.raises(TransientError, match=r"/auth/token: .*401"):
        AirflowApi(api.url, "admin", "wrong")


def test_a_server_that_is_away_is_said() -> None:
    with pytest.raises(TransientError, match=r"Airflow's API at http://127.0.0.1:1/auth/token"):
        AirflowApi("http://127.0.0.1:1", "admin", "pw")
