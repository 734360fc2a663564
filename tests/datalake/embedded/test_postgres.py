from __future__ import annotations

import os
from pathlib import Path

import psycopg2
import pytest

from datalake.embedded.postgres import PostgresServer, clear_leftovers
from datalake.embedded.process import ServerFailed, free_port

pytestmark = pytest.mark.postgres


def rows(uri, statement):
    connection = psycopg2.connect(uri)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_databases_are_created_once_and_dropped(postgres_server):
    uri = postgres_server.ensure_database("created_once")
    rows(uri, "CREATE TABLE t AS SELECT 1 AS x")
    assert postgres_server.ensure_database("created_once") == uri
    assert rows(uri, "SELECT x FROM t") == [(1,)]
    postgres_server.drop_database("created_once")
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(uri)


def test_a_wrong_password_is_refused(postgres_server):
    uri = postgres_server.uri("postgres")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(uri.replace(uri.split("@")[0], "postgresql://datalake:wrong"))


def test_a_fresh_database_has_the_tables(postgres_uri):
    assert ("ledger",) in rows(postgres_uri, "SELECT tablename::text FROM pg_tables")


def test_committed_rows_outlive_kill_9(tmp_path):
    server = PostgresServer(tmp_path / "data", free_port(), "secret")
    with server:
        uri = server.ensure_database("kept")
        rows(uri, "CREATE TABLE t AS SELECT 42 AS x")
        server.kill()
        server.start()
        assert rows(uri, "SELECT x FROM t") == [(42,)]


def test_it_never_runs_as_root_even_in_a_closed_folder(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with PostgresServer(closed / "data", free_port(), "secret") as server:
        (directory,) = rows(server.uri("postgres"), "SHOW data_directory")
        pid = int((closed / "data" / "postmaster.pid").read_text().splitlines()[0])
        assert directory == (str(closed / "data"),)
        assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_a_recycled_pid_in_the_lock_file_does_not_block(tmp_path):
    lock = tmp_path / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{tmp_path}\n")
    clear_leftovers(tmp_path)
    assert not lock.exists()


def test_a_live_server_keeps_its_folder(tmp_path):
    with (
        PostgresServer(tmp_path / "data", free_port(), "secret") as server,
        pytest.raises(ServerFailed, match="already serves"),
    ):
        clear_leftovers(server.folder, timeout_s=0.2)
