"""producer.py as people run it: in a process of its own, by its exit code and what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

PRODUCER = Path(__file__).parent.parent / "producer.py"


@pytest.fixture
def produce(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run it with the given client properties, in a home of its own."""

    def run(
        *arguments: str, login: Mapping[str, str] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        if login is not None:
            lines = [f"{key}={value}\n" for key, value in login.items()]
            (tmp_path / "client.properties").write_text("".join(lines))
        ours = {"DATALAKE_HOME": str(tmp_path), "KAFKA_CLIENT_PROPERTIES": "client.properties", **environment}
        return subprocess.run(
            [sys.executable, PRODUCER, *arguments],
            env={**os.environ, **ours},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_help_shows_examples_and_is_quick(produce) -> None:
    done = produce("--help")
    assert done.returncode == 0
    assert "producer.py list.csv --platform youtube" in done.stdout
    assert "the sample clips" in done.stdout


def test_without_arguments_it_announces_the_sample_clips(produce) -> None:
    done = produce("--dry-run")
    videos = [json.loads(line) for line in done.stdout.splitlines()]
    assert [video["video_id"] for video in videos] == ["bunny", "bikes", "interview"]
    assert len({video["event_id"] for video in videos}) == 3


@pytest.mark.kafka
def test_the_delivery_report_balances(produce, kafka_bootstrap: str, kafka_topic: str) -> None:
    login = {"bootstrap.servers": kafka_bootstrap}
    done = produce("--count", "7", "--topic", kafka_topic, login=login)
    assert done.returncode == 0, done.stderr
    assert f"7 sent = 7 delivered + 0 failed, to {kafka_topic}" in done.stdout


@pytest.mark.kafka
def test_it_works_over_sasl_ssl(produce, kafka_sasl: Mapping[str, str], kafka_topic: str) -> None:
    done = produce("--topic", kafka_topic, login=kafka_sasl)
    assert done.returncode == 0, done.stderr


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What it says on its way out, which has to be a single line."""
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    return line


@pytest.mark.kafka
def test_a_wrong_password_is_one_line_at_once(
    produce, kafka_sasl: Mapping[str, str], kafka_topic: str
) -> None:
    produce("--dry-run")
    start = time.monotonic()
    done = produce("--topic", kafka_topic, login={**kafka_sasl, "sasl.password": "wrong"})
    assert "refuses the login: check sasl.username, sasl.password" in one_line(done)
    assert time.monotonic() - start < 10


def test_an_unreachable_broker_is_one_line_at_once(produce) -> None:
    produce("--dry-run")
    start = time.monotonic()
    done = produce(login={"bootstrap.servers": "127.0.0.1:1"})
    assert "127.0.0.1:1 cannot be reached" in one_line(done)
    assert time.monotonic() - start < 10


def test_other_mistakes_are_one_line_too(produce, tmp_path: Path) -> None:
    assert "no such file" in one_line(produce("nothing.mp4"))
    assert "copy config/client.properties.example" in one_line(produce())
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(b"x")
    assert "SOURCE_PATH_MAP" in one_line(produce(str(outside)))
    assert "cannot see this file" in one_line(produce("file:///etc/hostname"))
    assert "'ftp' is not allowed" in one_line(produce("ftp://example.com/b.mp4"))
    assert "interval_s" in one_line(produce("--interval", "0"))
    assert "sampling" in one_line(produce("--sampling", "sometimes"))


def test_a_host_path_is_mapped(produce, tmp_path: Path) -> None:
    video = tmp_path / "mine" / "a.mp4"
    video.parent.mkdir()
    video.write_bytes(b"x")
    seen = json.dumps({str(video.parent): "/opt/airflow/videos"})
    done = produce("--dry-run", str(video), SOURCE_PATH_MAP=seen)
    assert json.loads(done.stdout)["uri"] == "file:///opt/airflow/videos/a.mp4"
