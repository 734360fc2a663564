"""`datalake ledger`: one equation a line, and an exit code that a script can believe."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from datalake.adapters.postgres import execute, transaction
from datalake.adapters.postgres.alerts import raise_alert
from datalake.embedded.process import free_port
from datalake.ingest.batches import open_ui_batch

from .conftest import Run

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]
LOST = "DELETE FROM ledger WHERE message_offset = 1"


@pytest.fixture
def reach(postgres_uri: str, kafka_bootstrap: str, kafka_topic: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a pipeline."""
    properties = tmp_path / "client.properties"
    properties.write_text(f"bootstrap.servers={kafka_bootstrap}\n")
    names = {"PG_CONN_URI": postgres_uri, "KAFKA_TOPIC": kafka_topic}
    return {**names, "KAFKA_CLIENT_PROPERTIES": str(properties)}


@pytest.fixture
def batch_id(postgres_uri: str) -> uuid.UUID:
    """A batch of two messages in progress."""
    batch_id = open_ui_batch(postgres_uri, "manual__1", ["file:///a.mp4", "file:///b.mp4"])
    assert batch_id is not None
    return batch_id


def change(reach: dict[str, str], sql: str) -> None:
    with transaction(reach["PG_CONN_URI"]) as connection:
        execute(connection, sql)


def test_services_that_are_away_are_one_line(run: Run, reach: dict[str, str], tmp_path: Path) -> None:
    away = f"127.0.0.1:{free_port()}"
    (tmp_path / "away.properties").write_text(f"bootstrap.servers={away}\n")
    for setting, value, service in (
        ("PG_CONN_URI", f"postgresql://me:s3cret@{away}/video_db", "PostgreSQL"),
        ("KAFKA_CLIENT_PROPERTIES", str(tmp_path / "away.properties"), "Kafka"),
    ):
        done = run("ledger", **{**reach, setting: value})
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"error: {service} ")
        assert len(done.stderr.strip().splitlines()) == 1


def test_what_does_not_balance_fails_the_command(
    run: Run, reach: dict[str, str], batch_id: uuid.UUID
) -> None:
    change(reach, LOST)
    total = run("ledger", **reach)
    assert (total.returncode, "The ledger balances: 1 messages." in total.stderr) == (0, True)
    done = run("ledger", "--batch", str(batch_id), **reach)
    assert done.returncode == 1
    assert f"Batch {batch_id} does NOT balance." in done.stderr
    assert "in 2 ≠ done 0 + " in done.stdout
    change(reach, "UPDATE ledger SET cluster_id = 'c', topic_id = 'another topic'")
    assert "The ledger does NOT balance: -1 messages are" in run("ledger", **reach).stderr


def test_each_batch_is_one_equation(run: Run, reach: dict[str, str], batch_id: uuid.UUID) -> None:
    done = run("ledger", "--batches", "5", **reach)
    assert done.returncode == 0, done.stderr
    total, batch = done.stdout.splitlines()
    equation = (
        "in 2 = done 0 + duplicate 0 + rejected 0 + quarantined 0 + failed 0 + cancelled 0 + in progress 2"
    )
    assert total.split(maxsplit=1) == ["total", f"{equation} + unread 0"]
    assert batch.endswith(f"{batch_id}  {equation} + reopened 0")


def test_a_batch_that_is_not_there_is_an_error(run: Run, reach: dict[str, str]) -> None:
    done = run("ledger", "--batch", str(uuid.UUID(int=0)), **reach)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no batch 00000000-")


def test_json_holds_all_of_it(run: Run, reach: dict[str, str], batch_id: uuid.UUID) -> None:
    with transaction(reach["PG_CONN_URI"]) as connection:
        raise_alert(connection, "batch_stuck/1", "batch_stuck", "a batch is stuck", "since 8:00")
    found = json.loads(run("ledger", "--json", "--batches", "1", **reach).stdout)
    assert (found["balances"], found["is_settled"], found["in_progress"]) == (True, False, 2)
    [batch], [alert] = found["batches"], found["alerts"]
    assert (batch["batch_id"], batch["messages"], batch["balances"]) == (str(batch_id), 2, True)
    assert (alert["kind"], alert["detail"]) == ("batch_stuck", "since 8:00")
    shown = run("ledger", **reach)
    assert "a batch is stuck: since 8:00" in " ".join(shown.stderr.split())


def test_waiting_fails_when_the_time_is_over(run: Run, reach: dict[str, str], batch_id: uuid.UUID) -> None:
    waited = run("ledger", "--wait", "0.5", **reach)
    assert (waited.returncode, "Not settled after 0.5 s." in waited.stderr) == (1, True)
    change(reach, "UPDATE ledger SET outcome = 'done', finished_at = now()")
    assert run("ledger", "--wait", "60", **reach).returncode == 0
