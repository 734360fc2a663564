"""docs/tables.md: tables and views as a migrated PostgreSQL describes them."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path

from datalake.adapters.postgres import migrate
from datalake.adapters.postgres.relations import Column, Relation, relations
from datalake.embedded.postgres import PostgresServer
from datalake.embedded.process import free_port
from datalake.reference.markdown import anchor, code, page, table

# the cluster lives for seconds and holds nothing
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "16MB"}
_INTRO = """\
What is in the database of `PG_CONN_URI`. `datalake up` and `docker compose up` migrate it; a change is a
new numbered file beside the others. A **bold** column is part of the primary key.

Reserved, and written by nothing here yet: the batch source `replay`, the outcome `cancelled`, and the tables
`insta_content` and `extraction_checkpoints`, for an extraction that takes its videos from a table in place of
Kafka."""


def tables_page() -> str:
    """Every table, then every view, with comments, types and keys.

    Raises:
        ServerFailed: the PostgreSQL of the embedded stack does not start here.
    """
    found = _migrated()
    return tables_text([one for one in found if not one.is_view], [one for one in found if one.is_view])


def tables_text(tables: Iterable[Relation], views: Iterable[Relation]) -> str:
    """The page of these tables and views."""
    tables, views = list(tables), list(views)
    index = "\n".join(f"* [{one.name}]({anchor(one.name)}): {one.comment}" for one in (*tables, *views))
    blocks = ["## Tables", *map(_relation, tables), "## Views", *map(_relation, views)]
    return page("Tables", "the files in `datalake/adapters/sql/migrations/`", _INTRO, index, *blocks)


def _migrated() -> list[Relation]:
    """Relations of a database that only the migrations have touched."""
    with (
        tempfile.TemporaryDirectory(prefix="tables-") as folder,
        PostgresServer(Path(folder) / "data", free_port(), secrets.token_hex(8), _FAST) as server,
    ):
        uri = server.ensure_database("video_db")
        migrate(uri)
        return relations(uri)


def _relation(relation: Relation) -> str:
    header = (
        ("Column", "Type", "What it is") if relation.is_view else ("Column", "Type", "Null", "What it is")
    )
    rows = (_column(column, relation.is_view) for column in relation.columns)
    return f"### {relation.name}\n\n{relation.comment}\n\n{table(header, rows)}"


def _column(column: Column, is_of_view: bool) -> tuple[str, ...]:
    name = f"**{code(column.name)}**" if column.is_key else code(column.name)
    reference = f" [→ {column.refers_to}]({anchor(column.refers_to)})" if column.refers_to else ""
    null = () if is_of_view else ("" if column.is_required else "yes",)
    return name, code(column.type), *null, f"{column.comment}{reference}".strip()
