"""PostgreSQL: connections, transactions, migrations; driver errors become ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import psycopg2
import psycopg2.extras
import yoyo  # type: ignore[import-untyped]
from psycopg2.extensions import connection

from datalake.adapters.postgres.kept import lent
from datalake.errors import ConfigurationError, DatabaseUnavailable

MIGRATIONS = Path(__file__).parents[1] / "sql" / "migrations"
CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT_S = 60
# A host that vanished is noticed after a minute, instead of the two hours of the kernel.
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# SQLSTATE codes and classes of a server in trouble; the others are errors of our SQL or data.
_TROUBLE = ("08", "25006", "25P03", "25P04", "40", "53", "55P03", "57", "58", "XX")
# Any fixed number will do: it only has to be the same in every process that migrates.
MIGRATION_LOCK = 0x76646F5F6D6967

Connection: TypeAlias = connection
Row: TypeAlias = dict[str, Any]
Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any] | None

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]


def connect(uri: str) -> Connection:
    """Open a connection; the caller closes it.

    Raises:
        DatabaseUnavailable: the server cannot be reached or refuses us.
        ConfigurationError: the URI cannot be read.
    """
    try:
        opened: Connection = psycopg2.connect(
            uri,
            options=_options(uri),
            **_KEEPALIVE,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="datalake",
            client_encoding="utf8",
            cursor_factory=psycopg2.extras.RealDictCursor,
        )
        return opened
    except psycopg2.ProgrammingError:
        # The driver's text may repeat the URI, and with it the password.
        raise ConfigurationError(
            "PG_CONN_URI cannot be read: write postgresql://user:password@host:5432/video_db"
        ) from None
    except psycopg2.OperationalError as error:
        raise DatabaseUnavailable(f"PostgreSQL cannot be reached: {_first_line(error)}") from error


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn a lost or struggling server into DatabaseUnavailable; other driver errors pass."""
    try:
        yield
    except psycopg2.Error as error:
        if not _is_trouble(error):
            raise
        raise DatabaseUnavailable(f"PostgreSQL broke off: {_first_line(error)}") from error


@contextmanager
def transaction(uri: str) -> Iterator[Connection]:
    """A connection in one transaction: committed at the end, rolled back on any error.

    Raises:
        DatabaseUnavailable: the server cannot be reached or broke off.
    """
    with lent(uri, connect) as connection, translated_errors(), connection:
        yield connection


def rows(connection: Connection, sql: str, parameters: Parameters = None) -> list[Row]:
    """All rows of a query, as dicts."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [dict(row) for row in cursor.fetchall()]


def row(connection: Connection, sql: str, parameters: Parameters = None) -> Row | None:
    """The first row of a query, or None."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = cursor.fetchone()
        return None if found is None else dict(found)


def execute(connection: Connection, sql: str, parameters: Parameters = None) -> int:
    """Run one statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def migrate(uri: str) -> None:
    """Bring the schema up to date; safe to call at any time, and by several at once.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
    """
    # An advisory lock ends with its session; yoyo's own lock row would outlive a killed process.
    with closing(connect(uri)) as guard, translated_errors():
        guard.autocommit = True
        execute(guard, "SET lock_timeout = 0")  # another process may take its time to migrate
        execute(guard, "SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        with yoyo.get_backend(uri) as backend:
            pending = backend.to_apply(yoyo.read_migrations(str(MIGRATIONS)))
            backend.apply_migrations(pending)


def _options(uri: str) -> str:
    """Server settings of the session; those of the URI come last and win."""
    theirs = psycopg2.extensions.parse_dsn(uri).get("options", "")
    return f"-c lock_timeout={LOCK_TIMEOUT_S}s {theirs}".strip()


def _is_trouble(error: psycopg2.Error) -> bool:
    if error.pgcode is not None:
        return error.pgcode.startswith(_TROUBLE)
    ours = (
        psycopg2.ProgrammingError,
        psycopg2.DataError,
        psycopg2.IntegrityError,
        psycopg2.NotSupportedError,
    )
    return not isinstance(error, ours)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
