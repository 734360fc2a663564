"""What the databases must contain before anything else starts: ours migrated, Airflow's migrated."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.metadata import version

import psycopg2

from datalake import settings
from datalake.adapters.postgres import migrate
from datalake.embedded.airflow import set_up
from datalake.embedded.parts import Parts
from datalake.embedded.postgres_admin import plain_uri
from datalake.embedded.state import Layout, write_private


def prepare_databases(
    parts: Parts, folder: Layout, given: Mapping[str, str], progress: Callable[[str], None]
) -> None:
    """Create and migrate `video_db` and `airflow`; quick when nothing is to be done.

    Raises:
        DatabaseUnavailable: an external server cannot be reached.
        ServerFailed: Airflow's migration failed.
    """
    uri = given.get("PG_CONN_URI") or parts.postgres.ensure_database("video_db")
    migrate(uri)
    if "postgres" not in parts.external:
        parts.postgres.ensure_database("airflow")
    environment = parts.airflow_environment
    database = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    slots = settings.read(settings.SilverSettings, settings.home() / ".env").silver_slots
    stamp = folder.airflow / "migrated.json"
    wanted = {"airflow": version("apache-airflow"), "silver_slots": slots}
    if stamp.exists() and json.loads(stamp.read_text("utf-8")) == {**wanted, "revision": _revision(database)}:
        return
    progress("migrating Airflow's database")
    set_up(environment, slots, folder.log("airflow-migrate"))
    write_private(stamp, json.dumps({**wanted, "revision": _revision(database)}))


def _revision(uri: str) -> str | None:
    """Alembic revision of Airflow's database, None before the first migration."""
    with closing(psycopg2.connect(plain_uri(uri))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('alembic_version')")
        if cursor.fetchone() == (None,):
            return None
        cursor.execute("SELECT version_num FROM alembic_version")
        found = cursor.fetchone()
    return str(found[0]) if found else None
