from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from datalake.adapters.postgres import connect, kept_connections, row, transaction
from datalake.adapters.postgres.kept import _MOST_KEPT
from datalake.errors import DatabaseUnavailable

pytestmark = pytest.mark.postgres


def backend(uri: str) -> int:
    """The server's process behind a transaction."""
    with transaction(uri) as connection:
        found = row(connection, "SELECT pg_backend_pid() AS pid")
    assert found is not None
    return int(found["pid"])


def test_a_task_uses_a_connection_again(postgres_uri: str) -> None:
    with kept_connections():
        assert len({backend(postgres_uri) for _ in range(5)}) == 1


def test_nothing_is_kept_outside(postgres_uri: str) -> None:
    with kept_connections():
        kept = backend(postgres_uri)
    others = {backend(postgres_uri), backend(postgres_uri)}
    assert len(others) == 2
    assert kept not in others


def test_tasks_of_one_process_share_until_the_last_one_ends(postgres_uri: str) -> None:
    with kept_connections():
        first = backend(postgres_uri)
        with kept_connections():
            assert backend(postgres_uri) == first
        assert backend(postgres_uri) == first


def test_threads_do_not_share_a_transaction_and_little_is_kept(postgres_uri: str) -> None:
    count = _MOST_KEPT + 3
    together = Barrier(count)

    def held(_: int) -> int:
        with transaction(postgres_uri) as connection:
            together.wait(timeout=30)
            found = row(connection, "SELECT pg_backend_pid() AS pid")
        assert found is not None
        return int(found["pid"])

    with kept_connections(), ThreadPoolExecutor(count) as pool:
        pids = set(pool.map(held, range(count)))
        assert len(pids) == count
        together = Barrier(_MOST_KEPT)
        assert set(pool.map(held, range(_MOST_KEPT))) <= pids


def test_a_connection_that_the_server_closed_is_not_used_again(postgres_uri: str) -> None:
    with kept_connections():
        closed = backend(postgres_uri)
        with closing(connect(postgres_uri)) as killer:
            ended = row(killer, "SELECT pg_terminate_backend(%s, 5000) AS ended", (closed,))
        assert ended == {"ended": True}
        assert backend(postgres_uri) != closed


def test_a_transaction_that_failed_takes_its_connection_with_it(postgres_uri: str) -> None:
    with kept_connections():
        failed = backend(postgres_uri)
        with pytest.raises(KeyError), transaction(postgres_uri):
            raise KeyError
        assert backend(postgres_uri) != failed


def test_one_that_breaks_off_inside_is_unavailable(postgres_uri: str) -> None:
    with kept_connections():
        backend(postgres_uri)
        with pytest.raises(DatabaseUnavailable), transaction(postgres_uri) as connection:
            row(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
        assert backend(postgres_uri)
