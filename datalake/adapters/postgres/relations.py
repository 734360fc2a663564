"""What the database says about its own tables and views."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from datalake.adapters.postgres.connection import Row, rows, transaction
from datalake.adapters.postgres.statements import statement


@dataclass(frozen=True)
class Column:
    """One column; `refers_to` is the table of its foreign key. A view requires nothing and has no keys."""

    name: str
    type: str
    is_required: bool
    is_key: bool
    refers_to: str | None
    comment: str


@dataclass(frozen=True)
class Relation:
    """A table or a view with its columns in order."""

    name: str
    is_view: bool
    comment: str
    columns: tuple[Column, ...]


def relations(uri: str) -> list[Relation]:
    """Our tables and views by name, without those of the migration tool.

    Raises:
        DatabaseUnavailable: PostgreSQL is away.
    """
    with transaction(uri) as connection:
        found = rows(connection, statement("reference/columns"))
    return [
        _relation(name, list(columns)) for name, columns in groupby(found, key=lambda row: row["relation"])
    ]


def _relation(name: str, found: list[Row]) -> Relation:
    columns = tuple(
        Column(
            name=row["name"],
            type=row["type"],
            is_required=row["is_required"],
            is_key=row["is_key"],
            refers_to=row["refers_to"],
            comment=row["comment"],
        )
        for row in found
    )
    return Relation(name, found[0]["is_view"], found[0]["relation_comment"], columns)
