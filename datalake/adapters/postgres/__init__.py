"""PostgreSQL: ledger, batches, catalog, mail outbox. `connection` is what all of them stand on."""

from datalake.adapters.postgres.connection import (
    Connection,
    Parameters,
    Row,
    connect,
    execute,
    migrate,
    row,
    rows,
    transaction,
    translated_errors,
)
from datalake.adapters.postgres.kept import kept_connections

__all__ = [
    "Connection",
    "Parameters",
    "Row",
    "connect",
    "execute",
    "kept_connections",
    "migrate",
    "row",
    "rows",
    "transaction",
    "translated_errors",
]
