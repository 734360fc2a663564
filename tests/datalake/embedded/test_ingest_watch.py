"""What the watchdog reads about the consumer, on a real PostgreSQL with the columns that Airflow has."""

from __future__ import annotations

import time

import pytest

from datalake.adapters.postgres import execute, transaction
from datalake.embedded.ingest_watch import Cycle, DatabaseRuns, DueWork, read_cycle

pytestmark = pytest.mark.postgres

TABLES = """
CREATE TABLE dag (dag_id text, is_paused boolean);
CREATE TABLE dag_run (dag_id text, run_id text, state text);
CREATE TABLE task_instance (dag_id text, task_id text, state text, end_date timestamptz);
"""


@pytest.fixture
def airflow(postgres_uri):
    with transaction(postgres_uri) as connection:
        execute(connection, TABLES)
    return postgres_uri


def run_sql(uri, sql):
    with transaction(uri) as connection:
        execute(connection, sql)


def test_a_consumer_that_is_not_there_yet_counts_as_paused(airflow):
    assert read_cycle(airflow) == Cycle(is_paused=True, is_at_work=False, claimed_at=0.0)


def test_a_consumer_that_waits_is_not_at_work(airflow):
    run_sql(airflow, "INSERT INTO dag VALUES ('kafka_consumer', false)")
    run_sql(airflow, "INSERT INTO task_instance VALUES ('kafka_consumer', 'wait', 'deferred', NULL)")
    assert read_cycle(airflow) == Cycle(is_paused=False, is_at_work=False, claimed_at=0.0)


@pytest.mark.parametrize("state", ["queued", "running", "up_for_retry"])
def test_a_claim_under_way_is_work(airflow, state):
    run_sql(airflow, f"INSERT INTO task_instance VALUES ('kafka_consumer', 'claim', '{state}', NULL)")
    assert read_cycle(airflow).is_at_work


def test_the_newest_claim_that_succeeded_counts(airflow):
    for state, age in (("success", 100), ("success", 50), ("failed", 1)):
        run_sql(
            airflow,
            f"INSERT INTO task_instance VALUES ('kafka_consumer', 'claim', '{state}', "
            f"now() - interval '{age} seconds')",
        )
    assert 45 < time.time() - read_cycle(airflow).claimed_at < 60


def test_runs_are_told_from_the_database(airflow):
    run_sql(
        airflow,
        "INSERT INTO dag_run VALUES ('video_process', 'a', 'running'), ('video_process', 'b', 'failed'),"
        " ('video_process', 'c', 'queued'), ('kafka_consumer', 'd', 'running')",
    )
    runs = DatabaseRuns(airflow)
    runs.read()
    assert runs.live_count() == 2
    assert [runs.state(name) for name in "abcd"] == ["live", "ended", "live", "missing"]
    run_sql(airflow, "INSERT INTO dag_run VALUES ('video_process', 'e', 'queued')")
    assert runs.state("e") == "live"
    run_sql(airflow, "UPDATE dag_run SET state = 'success'")
    runs.read()
    assert runs.live_count() == 0
    assert runs.state("a") == "ended"


def test_the_live_runs_are_told_without_another_question(airflow):
    run_sql(airflow, "INSERT INTO dag_run VALUES ('video_process', 'a', 'running')")
    runs = DatabaseRuns(airflow)
    runs.read()
    run_sql(airflow, "DROP TABLE dag_run")
    assert runs.state("a") == "live"


def test_nothing_is_due_while_services_are_away(monkeypatch, tmp_path):
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    monkeypatch.setenv("PG_CONN_URI", "postgresql://u@127.0.0.1:1/x")
    due = DueWork(DatabaseRuns("postgresql://u@127.0.0.1:1/x"))
    assert not due()
    (tmp_path / "client.properties").write_text("bootstrap.servers=127.0.0.1:1\n")
    monkeypatch.setenv("KAFKA_CLIENT_PROPERTIES", "client.properties")
    assert not due()
