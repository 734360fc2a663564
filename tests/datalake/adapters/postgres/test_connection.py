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
)
from datalake.adapters.postgres.connection import MIGRATIONS
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


def test_an_error_of_our_sql_is_no_outage(postgres_uri: str) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable), transaction(postgres_uri) as connection:
        execute(connection, "SELECT * FROM nothing")
