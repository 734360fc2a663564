"""What `datalake status` says of tasks that wait for a pool: rows of a real PostgreSQL."""

from __future__ import annotations

import pytest

from datalake.adapters.postgres import execute, transaction
from datalake.embedded.pool_waits import PoolWait, read_pool_waits

pytestmark = pytest.mark.postgres


@pytest.fixture
def airflow_uri(postgres_uri: str) -> str:
    """A database with as much of Airflow's tables as is read."""
    with transaction(postgres_uri) as connection:
        execute(connection, "CREATE TABLE slot_pool (pool text, slots integer, include_deferred boolean)")
        execute(
            connection, "CREATE TABLE task_instance (task_id text, state text, pool text, pool_slots integer)"
        )
        execute(
            connection,
            "INSERT INTO slot_pool VALUES ('silver', 1, false), ('default_pool', 8, false),"
            " ('endless', -1, false), ('closed', 0, false), ('patient', 1, true)",
        )
    return postgres_uri


def add(uri: str, task_id: str, state: str | None, pool: str, pool_slots: int = 1, tasks: int = 1) -> None:
    with transaction(uri) as connection:
        for _ in range(tasks):
            execute(
                connection,
                "INSERT INTO task_instance VALUES (%s, %s, %s, %s)",
                (task_id, state, pool, pool_slots),
            )


def test_nothing_waits_where_there_is_nothing(airflow_uri: str) -> None:
    assert read_pool_waits(airflow_uri) == []


def test_who_may_start_in_a_moment_is_not_told_of(airflow_uri: str) -> None:
    add(airflow_uri, "layers.silver", "scheduled", "silver", tasks=3)
    add(airflow_uri, "layers.gold", "running", "default_pool", tasks=7)
    add(airflow_uri, "layers.gold", "scheduled", "default_pool")
    add(airflow_uri, "claim", "running", "endless", tasks=50)
    add(airflow_uri, "claim", "scheduled", "endless")
    assert read_pool_waits(airflow_uri) == []


@pytest.mark.parametrize("state", ["running", "queued"])
def test_a_stage_without_a_free_slot_says_so(airflow_uri: str, state: str) -> None:
    add(airflow_uri, "layers.silver", state, "silver")
    add(airflow_uri, "layers.silver", "scheduled", "silver", tasks=3)
    add(airflow_uri, "layers.silver", None, "silver", tasks=5)
    [wait] = read_pool_waits(airflow_uri)
    assert wait == PoolWait("silver", "layers.silver", tasks=3, slots=1, taken=1)
    assert str(wait) == "layers.silver: 3 tasks wait for a slot of pool silver (1 of 1 taken)"


def test_a_pool_of_no_slots_holds_up_everybody(airflow_uri: str) -> None:
    add(airflow_uri, "claim", "scheduled", "closed")
    assert [str(wait) for wait in read_pool_waits(airflow_uri)] == [
        "claim: 1 task waits for a slot of pool closed (0 of 0 taken)"
    ]


def test_a_task_of_many_slots_waits_for_all_of_them(airflow_uri: str) -> None:
    add(airflow_uri, "layers.gold", "running", "default_pool", pool_slots=3, tasks=2)
    add(airflow_uri, "large", "scheduled", "default_pool", pool_slots=4)
    assert [(wait.task_id, wait.taken) for wait in read_pool_waits(airflow_uri)] == [("large", 6)]


@pytest.mark.parametrize(("pool", "waits"), [("silver", 0), ("patient", 1)])
def test_a_deferred_task_holds_a_slot_where_the_pool_says_so(airflow_uri: str, pool: str, waits: int) -> None:
    add(airflow_uri, "wait", "deferred", pool)
    add(airflow_uri, "wait", "scheduled", pool)
    assert len(read_pool_waits(airflow_uri)) == waits
