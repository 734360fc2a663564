from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from datalake.adapters.postgres import (
    connect,
    execute,
    migrate,
    row,
    rows,
    transaction,
    translated_errors,
)
from datalake.adapters.postgres.connection import MIGRATION_LOCK, MIGRATIONS
from datalake.errors import ConfigurationError, DatabaseUnavailable

pytestmark = pytest.mark.postgres
NOWHERE = "postgresql://nobody:s3cret@127.0.0.1:1/none"


def test_migrations_are_numbered_from_one() -> None:
    numbers = [int(path.name[:4]) for path in sorted(MIGRATIONS.glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_several_may_migrate_at_once_and_again(postgres_server) -> None:
    name = f"migrate_{uuid.uuid4().hex}"
    uri = postgres_server.ensure_database(name)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [uri] * 4))
    migrate(uri)
    with transaction(uri) as connection:
        assert row(connection, "SELECT count(*) FROM ledger") == {"count": 0}
        assert len(rows(connection, "SELECT * FROM _yoyo_migration")) == len(list(MIGRATIONS.glob("*.sql")))
    postgres_server.drop_database(name)


def test_a_killed_migration_leaves_no_lock(postgres_uri: str) -> None:
    with transaction(postgres_uri) as connection:
        execute(connection, "INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    migrate(postgres_uri)


def test_a_transaction_is_all_or_nothing(postgres_uri: str) -> None:
    def insert(connection: object) -> None:
        execute(
            connection,
            "INSERT INTO batches (batch_id, source, run_id) VALUES (%s, 'ui', 'r')",
            (uuid.uuid4(),),
        )

    with pytest.raises(KeyError), transaction(postgres_uri) as connection:
        insert(connection)
        raise KeyError
    with transaction(postgres_uri) as connection:
        assert rows(connection, "SELECT * FROM batches") == []
        insert(connection)
    with transaction(postgres_uri) as connection:
        assert len(rows(connection, "SELECT * FROM batches")) == 1


def test_a_server_that_is_away_is_unavailable_and_keeps_the_secret() -> None:
    for attempt in (connect, migrate):
        with pytest.raises(DatabaseUnavailable, match="cannot be reached") as caught:
            attempt(NOWHERE)
        assert "s3cret" not in str(caught.value)


def test_a_uri_that_is_none_is_a_setting_to_correct() -> None:
    with pytest.raises(ConfigurationError, match="PG_CONN_URI") as caught:
        connect("postgresql://user:s3cret@host/db?nonsense=1")
    assert "s3cret" not in str(caught.value)


def test_a_connection_cut_in_the_middle_is_unavailable(postgres_uri: str) -> None:
    with pytest.raises(DatabaseUnavailable), transaction(postgres_uri) as connection:
        pid = row(connection, "SELECT pg_backend_pid() AS pid")["pid"]
        with transaction(postgres_uri) as other:
            execute(other, "SELECT pg_terminate_backend(%s)", (pid,))
        execute(connection, "SELECT 1")


RAISE = "DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = %s; END $$"
TROUBLE = ("08006", "25006", "25P03", "40P01", "53100", "55P03", "57014", "57P01", "58030", "XX000")
OURS = ("22012", "23505", "25P02", "42601", "54001", "P0001")


def impatient(uri: str) -> str:
    """The URI with another lock_timeout."""
    return f"{uri}{'&' if '?' in uri else '?'}options=-c%20lock_timeout%3D50ms"


def test_a_server_in_trouble_is_unavailable(postgres_uri: str) -> None:
    for code in TROUBLE:
        with pytest.raises(DatabaseUnavailable, match="trouble"), transaction(postgres_uri) as connection:
            execute(connection, RAISE, (code,))


def test_errors_of_ours_pass_as_they_are(postgres_uri: str) -> None:
    for code in OURS:
        with (
            pytest.raises(psycopg2.Error, match="trouble") as caught,
            transaction(postgres_uri) as connection,
        ):
            execute(connection, RAISE, (code,))
        assert caught.value.pgcode == code


@pytest.mark.parametrize(
    ("error", "is_translated"),
    [
        (psycopg2.DatabaseError("lost synchronization with server"), True),
        (psycopg2.InterfaceError("connection already closed"), True),
        (psycopg2.ProgrammingError("no results to fetch"), False),
    ],
)
def test_errors_of_the_driver_itself(error: psycopg2.Error, is_translated: bool) -> None:
    with pytest.raises(DatabaseUnavailable if is_translated else type(error)), translated_errors():
        raise error


def test_a_server_that_only_reads_is_unavailable(postgres_uri: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="read-only"), transaction(postgres_uri) as connection:
        execute(connection, "SET TRANSACTION READ ONLY")
        execute(connection, "DELETE FROM batches")


def test_a_lock_is_not_waited_for_without_end(postgres_uri: str) -> None:
    with transaction(postgres_uri) as holder:
        assert row(holder, "SHOW lock_timeout") == {"lock_timeout": "1min"}
        execute(holder, "LOCK TABLE batches")
        waits = transaction(impatient(postgres_uri))
        with pytest.raises(DatabaseUnavailable, match="lock timeout"), waits as connection:
            execute(connection, "SELECT * FROM batches")


def test_a_migration_waits_longer_for_another(postgres_uri: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction(postgres_uri) as holder:
            execute(holder, "SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
            waiting = pool.submit(migrate, impatient(postgres_uri))
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
        assert waiting.result(30) is None


def test_a_vanished_host_is_noticed(postgres_uri: str) -> None:
    with transaction(postgres_uri) as connection:
        parameters = connection.get_dsn_parameters()
    assert parameters["keepalives_idle"] == "30"
    assert parameters["tcp_user_timeout"] == "60000"


def test_an_error_of_our_sql_is_no_outage(postgres_uri: str) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable), transaction(postgres_uri) as connection:
        execute(connection, "SELECT * FROM nothing")
