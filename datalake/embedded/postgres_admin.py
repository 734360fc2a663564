"""Roles and databases of a PostgreSQL server that is ours, and addresses as libpq reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from psycopg2 import sql

from datalake.adapters.postgres import connect


def plain_uri(uri: str) -> str:
    """A URI as SQLAlchemy writes it (`postgresql+driver://`) without the driver; others as they are."""
    return re.sub(r"^postgres(ql)?\+\w+://", "postgresql://", uri)


def ensure_database(admin_uri: str, name: str, template: str = "template1", owner: str | None = None) -> None:
    """Create a database unless it exists.

    Args:
        admin_uri: of a superuser.
        name: of the database.
        template: what it is a copy of.
        owner: a role that exists; None: the superuser.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
    """
    with _autocommit_cursor(admin_uri) as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
        if cursor.rowcount:
            return
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        if owner:
            create += sql.SQL(" OWNER {}").format(sql.Identifier(owner))
        cursor.execute(create)


def ensure_role(admin_uri: str, name: str, password: str) -> None:
    """Create a role that may log in, or give the one that exists this password.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
    """
    with _autocommit_cursor(admin_uri) as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
        verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD %s").format(verb, sql.Identifier(name))
        cursor.execute(statement, (password,))


@contextmanager
def _autocommit_cursor(uri: str) -> Iterator[Any]:
    with closing(connect(uri)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
