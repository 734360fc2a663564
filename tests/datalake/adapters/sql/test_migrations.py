"""The schema: what was there survives every step, and everything says what it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yoyo

from datalake.adapters.postgres import execute, migrate, rows, transaction
from datalake.adapters.postgres.connection import MIGRATIONS
from datalake.embedded.postgres import PostgresServer

pytestmark = pytest.mark.postgres
RELEASED = ("0001_ledger", "0002_videos")
RENAMED = {("videos", "frame_count"): "kept_count"}
OLD_ROWS = (Path(__file__).parent / "released_rows.sql").read_text(encoding="utf-8")
TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE '%yoyo%' ORDER BY 1
"""
SAYINGS = """
SELECT c.relname AS relation, '' AS name, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
UNION ALL
SELECT c.relname, a.attname, col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
"""
UNITS = {
    "_us": "microseconds",
    "_s": "seconds",
    "_px": "pixels",
    "_bytes": "bytes",
    "_bps": "per second",
    "_fps": "per second",
    "_deg": "degrees",
    "_share": "0 to 1",
}


@pytest.fixture
def empty_uri(postgres_server: PostgresServer) -> Iterator[str]:
    """URI of a database without our tables."""
    name = f"empty_{uuid.uuid4().hex}"
    yield postgres_server.ensure_database(name)
    postgres_server.drop_database(name)


def contents(uri: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as JSON."""
    with transaction(uri) as connection:
        names = [found["table_name"] for found in rows(connection, TABLES)]
        return {
            name: [found["row"] for found in rows(connection, f"SELECT to_jsonb(t) AS row FROM {name} t")]
            for name in names
        }


def test_rows_of_the_released_tables_survive_every_later_step(empty_uri: str) -> None:
    with yoyo.get_backend(empty_uri) as backend:
        steps = list(yoyo.read_migrations(str(MIGRATIONS)))
        backend.apply_migrations(yoyo.migrations.MigrationList(s for s in steps if s.id in RELEASED))
        with transaction(empty_uri) as connection:
            execute(connection, OLD_ROWS)
        before = contents(empty_uri)
        assert all(before.values()), "a table without a row proves nothing"
        for step in steps[len(RELEASED) :]:
            backend.apply_one(step)
            after = contents(empty_uri)
            for name, old in before.items():
                places = {key: RENAMED.get((name, key), key) for key in old[0]}
                same = [{key: row[place] for key, place in places.items()} for row in after[name]]
                assert same == old, (step.id, name)
    migrate(empty_uri)
    now = contents(empty_uri)
    assert (now["work"][0]["windows_done"], now["work"][0]["windows_total"]) == (0, None)
    assert (now["videos"][0]["tags"], now["videos"][0]["quality_score"]) == ({}, None)


def test_a_database_that_brings_its_own_insta_content_keeps_it(empty_uri: str) -> None:
    with transaction(empty_uri) as connection:
        execute(connection, "CREATE TABLE insta_content (id serial PRIMARY KEY, platform text, code text, "
                "is_downloaded boolean, is_extracted boolean, is_embedded boolean, created_at timestamp, "
                "updated_at timestamp)")  # fmt: skip
        execute(connection, "INSERT INTO insta_content (code) VALUES ('C1')")
    migrate(empty_uri)
    [row] = contents(empty_uri)["insta_content"]
    assert (row["code"], row["publish_date"]) == ("C1", None)


def sayings(uri: str) -> dict[tuple[str, str], str | None]:
    with transaction(uri) as connection:
        found = rows(connection, SAYINGS)
    return {(row["relation"], row["name"]): row["comment"] for row in found if "yoyo" not in row["relation"]}


def test_every_table_view_and_column_says_what_it_is(postgres_uri: str) -> None:
    said = sayings(postgres_uri)
    assert {"ledger", "videos", "frames", "quality_reports", "consumer_lag"} <= {name for name, _ in said}
    assert [place for place, comment in said.items() if not comment] == []
    assert [place for place, comment in said.items() if comment and not comment.endswith(".")] == []


def test_the_comment_of_a_measure_names_its_unit(postgres_uri: str) -> None:
    measures = {
        (*place, unit): (comment or "").lower()
        for place, comment in sayings(postgres_uri).items()
        for suffix, unit in UNITS.items()
        if place[1].endswith(suffix)
    }
    assert len(measures) > 30
    assert [measure for measure, comment in measures.items() if measure[-1] not in comment] == []
