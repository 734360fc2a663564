"""Writes that the database may refuse without the rest of the transaction being lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from datalake.adapters.postgres import Connection, execute
from datalake.errors import BadMessage


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Undo what the block wrote if a message turns out bad in it; the transaction goes on.

    Raises:
        BadMessage: the block raised it; or, with the reason not_storable, the database refused a value.
    """
    execute(connection, "SAVEPOINT message")
    try:
        yield
    except BadMessage:
        execute(connection, "ROLLBACK TO SAVEPOINT message")
        raise
    except psycopg2.Error as error:
        if not _is_refusal(error):
            raise
        execute(connection, "ROLLBACK TO SAVEPOINT message")
        raise BadMessage("not_storable", "the database refuses the record") from error
    execute(connection, "RELEASE SAVEPOINT message")


def _is_refusal(error: psycopg2.Error) -> bool:
    """True when the value is at fault: data, constraint, or a limit such as the size of an index row."""
    return isinstance(error, (psycopg2.DataError, psycopg2.IntegrityError)) or (
        (error.pgcode or "").startswith("54")
    )
