"""Airflow's four processes, its environment, and the setup of its database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datalake import settings
from datalake.embedded.addresses import AIRFLOW_DATABASE
from datalake.embedded.process import LOOPBACK, Server, ServerFailed, is_listening, python_argv
from datalake.embedded.state import Layout, Secrets, write_private
from datalake.libraries import HEAP

API_SERVER, SCHEDULER, DAG_PROCESSOR, TRIGGERER = (
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
)
ADMIN = "admin"
_LOCAL_HOSTS = "127.0.0.1,localhost"
_POSTGRES_PORT = 5432


def environment(folder: Layout, port: int, database_uri: str, secrets: Secrets) -> dict[str, str]:
    """Everything about this machine that Airflow and its tasks need beyond config/airflow.cfg."""
    root = settings.PROJECT_ROOT
    url = f"http://{LOOPBACK}:{port}"
    no_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY", os.environ.get("no_proxy")), _LOCAL_HOSTS)))
    return {
        "AIRFLOW_HOME": str(folder.airflow),
        "AIRFLOW_CONFIG": str(root / "config" / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder.passwords),
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet_key,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        AIRFLOW_DATABASE: database_uri,
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": secrets.api_secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt_secret,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder.logs / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(folder.logs / "dag_processor"),
        "DATALAKE_HOME": str(settings.home().absolute()),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH")))),
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0))),
        "TOKENIZERS_PARALLELISM": "false",
        # of the servers as well: by itself glibc makes up to eight heaps a core, each with free memory
        "MALLOC_ARENA_MAX": HEAP["MALLOC_ARENA_MAX"],
        # process titles must not overwrite the environment, by which leftovers are found
        "SPT_NOENV": "1",
        "PYTHONUNBUFFERED": "1",
        # empty means no: without bytecode on disk every start would compile Airflow again
        "PYTHONDONTWRITEBYTECODE": "",
    }


def write_login(folder: Layout, secrets: Secrets) -> None:
    """Give the generated password to Airflow; one that the user changed stays."""
    if not folder.passwords.exists():
        write_private(folder.passwords, json.dumps({ADMIN: secrets.airflow_password}) + "\n")


class AirflowServer(Server):
    """One of Airflow's processes; its health is what the API server says about its heartbeat."""

    ready_timeout_s = 600.0  # its imports take long on a busy machine; one that fails ends at once

    def __init__(self, name: str, folder: Layout, port: int, environment: Mapping[str, str]) -> None:
        super().__init__(folder.log(name))
        self.name = name
        self.port = port if name == API_SERVER else 0
        self._api_port = port
        self._environment = environment

    def prepare(self) -> None:
        """Nothing: `set_up` prepared the database for all."""

    def argv(self) -> list[str]:
        """The `airflow` command, without its own log servers: all logs are local files."""
        command = self.name.removeprefix("airflow-")
        options = {
            API_SERVER: ["--host", LOOPBACK, "--port", str(self._api_port)],
            SCHEDULER: ["--skip-serve-logs"],
            TRIGGERER: ["--skip-serve-logs"],
        }
        return python_argv("airflow", command, *options.get(self.name, []))

    def env(self) -> Mapping[str, str]:
        """See `environment`."""
        return self._environment

    def needs(self) -> Sequence[tuple[str, int]]:
        """The database: every one of Airflow's processes ends without it."""
        server = urlsplit(self._environment[AIRFLOW_DATABASE])
        if not server.hostname or "," in server.netloc:  # a socket, or several servers of which one is enough
            return []
        return [(server.hostname, server.port or _POSTGRES_PORT)]

    def is_ready(self) -> bool:
        """True when the API server answers and calls this component healthy."""
        return self.is_ready_since(0)

    def is_ready_since(self, started_at: float) -> bool:
        """Like `is_ready`, and the heartbeat is that of a process started at this time."""
        found = health(self._api_port)
        if self.name == API_SERVER:
            return bool(found)
        key = self.name.removeprefix("airflow-").replace("-", "_")
        part = found.get(key, {})
        beat = part.get(f"latest_{key}_heartbeat")
        is_fresh = beat is not None and datetime.fromisoformat(beat).timestamp() >= started_at
        return is_fresh and bool(part["status"] == "healthy")


def health(port: int) -> dict[str, Any]:
    """What the API server says about every component, empty when it does not answer."""
    if not is_listening(port):
        return {}
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/api/v2/monitor/health", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
        return {}


def set_up(environment: Mapping[str, str], silver_slots: int, log: Path) -> None:
    """Migrate Airflow's database and create the pool `silver`; a few seconds, in a process of its own.

    Raises:
        ServerFailed: the migration failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            python_argv("datalake.embedded.airflow", str(silver_slots)),
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode != 0:
        raise ServerFailed(f"Airflow's database could not be migrated; see {log}")


def _migrate(silver_slots: int) -> None:
    from airflow.models.pool import Pool
    from airflow.utils import db

    db.upgradedb()
    Pool.create_or_update_pool(
        "silver", silver_slots, "One slot per machine or GPU that may hold a model.", include_deferred=False
    )


if __name__ == "__main__":
    _migrate(int(sys.argv[1]))
