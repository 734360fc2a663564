"""The command line as a user meets it: a process, its output and its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datalake.adapters.kafka import Broker, Kafka
from datalake.adapters.postgres import execute, transaction
from datalake.embedded.process import free_port

from .conftest import Run

HEAVY = ("torch", "airflow", "qdrant_client", "confluent_kafka", "psycopg2", "hamilton", "numpy", "pydantic")


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom datalake.serving.cli import main\n"
        "try:\n    main(['--help'])\n"
        f"finally:\n    print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "loaded: []" in done.stdout
    for command in ("up", "down", "status", "search", "ledger", "retry", "dlq", "offsets"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("command", ["up", "down", "status", "search", "ledger", "retry", "dlq", "offsets"])
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_service_that_is_away_is_one_line_without_a_traceback(run: Run) -> None:
    done = run("dlq", "list", PG_CONN_URI=f"postgresql://me:s3cret@127.0.0.1:{free_port()}/video_db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: PostgreSQL cannot be reached")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize("line", ["SMTP_PORT=abc", "SOURCE_ROOTS=videos"])
def test_a_wrong_line_in_dotenv_is_one_line_that_names_it(run: Run, tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(line + "\n")
    done = run("ledger")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {line.partition('=')[0]} is wrong: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_unknown_embedder_is_one_line(run: Run) -> None:
    done = run("search", "a rabbit", EMBEDDER="nonsense")
    assert done.returncode == 1
    assert "EMBEDDER" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_before_the_first_start_says_what_to_do(run: Run) -> None:
    done = run("status")
    assert done.returncode == 1
    assert "datalake up" in done.stderr


def test_an_accepted_loss_is_recorded_and_said(
    run: Run, postgres_uri: str, kafka_bootstrap: str, kafka_topic: str, tmp_path: Path
) -> None:
    (tmp_path / "client.properties").write_text(f"bootstrap.servers={kafka_bootstrap}\n")
    reach = {
        "PG_CONN_URI": postgres_uri,
        "KAFKA_CLIENT_PROPERTIES": str(tmp_path / "client.properties"),
        "KAFKA_TOPIC": kafka_topic,
    }
    refused = run("offsets", "accept", "0", **reach)
    assert refused.returncode == 1
    assert "not stopped" in refused.stderr
    kafka = Kafka({"bootstrap.servers": kafka_bootstrap}, kafka_topic, "unused", "unused")
    state = Broker(kafka).describe()
    with transaction(postgres_uri) as connection:
        execute(
            connection,
            "INSERT INTO consumer_offsets (cluster_id, topic_id, partition, topic, first_offset, next_offset,"
            " stopped) VALUES (%s, %s, 0, %s, 0, 7, 'the topic lost its end')",
            (state.cluster_id, state.topic_id, kafka_topic),
        )
    accepted = run("offsets", "accept", "0", **reach)
    assert accepted.returncode == 0, accepted.stderr
    assert "Partition 0 is read again" in accepted.stderr
