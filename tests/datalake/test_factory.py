"""Settings meet adapters: nothing is connected to until it is used."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from datalake import factory
from datalake.adapters.embedders import runtime
from datalake.adapters.ports import BatchReport, VideoReport
from datalake.contracts import Outcome
from datalake.errors import ConfigurationError
from datalake.settings import Settings, SilverSettings


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    values = {
        "DATALAKE_HOME": str(tmp_path),
        "PG_CONN_URI": "postgresql://me:s3cret@db.example.org/video_db",
        "EMAIL_RECEIVER": "boss@example.org",
        "AIRFLOW_URL": "https://airflow.example.org",
        "SMTP_SERVER": "smtp.example.org",
        "SMTP_PORT": "465",
        "SMTP_USER": "me@example.org",
        "SMTP_PASSWORD": "hunter2",
        "SMTP_CA_FILE": "config/ca.pem",
        "SMTP_TIMEOUT_S": "7",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_mailer_follows_every_smtp_setting(config: Settings, tmp_path: Path) -> None:
    server = vars(factory.build_mailer(config))["_server"]
    assert (server.host, server.port, server.protection, server.timeout_s) == (
        "smtp.example.org",
        465,
        "tls",
        7,
    )
    assert (server.sender, server.password.get_secret_value()) == ("me@example.org", "hunter2")
    assert server.ca_file == tmp_path / "config/ca.pem"
    assert "hunter2" not in repr(server)


def test_mails_go_to_the_receiver_and_link_to_airflow(config: Settings) -> None:
    told = VideoReport("a/1", "file:///1", Outcome(kind="done"), message_id=uuid.uuid4())
    report = BatchReport(uuid.uuid4(), "run-1", (told,), messages=1)
    [mail] = factory.build_composer(config)(report)
    assert mail.recipient == "boss@example.org"
    assert "https://airflow.example.org/dags/video_process/runs/run-1" in mail.text


def test_the_composer_runs_the_dataflow_with_its_hooks(
    config: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    compose = factory.build_composer(config)
    with caplog.at_level("DEBUG", "datalake.nodes"):
        compose(BatchReport(uuid.uuid4(), "run-1", (), messages=0))
    ran = [record.getMessage().split()[0] for record in caplog.records if record.name == "datalake.nodes"]
    assert {"run_url", "recipient_videos", "batch_mails"} <= set(ran)


@pytest.mark.parametrize(
    "build",
    [
        factory.build_lake,
        factory.build_sources,
        factory.build_catalog,
        factory.build_outbox,
        factory.build_frame_table,
    ],
)
def test_building_connects_to_nothing(config: Settings, build: object) -> None:
    assert callable(build)
    assert "s3cret" not in repr(build(config))


def test_labels_are_looked_for_below_the_project(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDER", "open_clip:RN50/yfcc15m")
    monkeypatch.setenv("LABELS_FILE", "config/labels.txt")
    with pytest.raises(ConfigurationError, match=f"LABELS_FILE={tmp_path}/config/labels.txt cannot be read"):
        factory.build_embedder(Settings())


def test_importing_the_factory_loads_no_client() -> None:
    heavy = ("torch", "qdrant_client", "psycopg2", "smtplib", "fsspec", "confluent_kafka", "jinja2", "av")
    script = f"import sys, datalake.factory; print(sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What PyTorch finds when it is asked for a device."""

    def found(kind: str) -> None:
        monkeypatch.setattr(runtime, "torch_device", lambda _: torch.device(kind))

    return found


@pytest.mark.parametrize(
    ("found", "silver", "decode", "uses_gpu"),
    [
        ("cuda", {}, False, False),
        ("cpu", {}, True, False),
        ("cuda", {"decode_device": "cpu"}, True, False),
        ("cuda", {"device": "cpu"}, True, False),
        ("cuda", {}, True, True),
        ("cuda", {"device": "cuda"}, True, True),
    ],
)
def test_pictures_are_decoded_on_the_gpu_where_models_run_there_and_nothing_forbids_it(
    config: Settings,
    device: Callable[[str], None],
    found: str,
    silver: dict[str, str],
    decode: bool,
    uses_gpu: bool,
) -> None:
    device(found)
    config = replace(config, silver=SilverSettings(**silver))
    assert factory.build_media_children(config, 1, decode).limits.uses_gpu == uses_gpu


def test_a_gpu_that_is_asked_for_and_not_there_is_a_wrong_setting(config: Settings) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    config = replace(config, silver=SilverSettings(device="cuda"))
    for build in (
        factory.build_embedder,
        lambda config: factory.build_media_children(config, 1, decode=True),
    ):
        with pytest.raises(ConfigurationError, match="no CUDA device here; use auto or cpu"):
            build(config)


def test_batches_are_the_models_to_size_unless_a_setting_says_so(config: Settings) -> None:
    with factory.build_batcher(config) as batcher:
        assert batcher.batch_size == 32
    config = replace(config, silver=SilverSettings(embed_batch_size=7))
    with factory.build_batcher(config) as batcher:
        assert batcher.batch_size == 7


@pytest.mark.parametrize(
    ("given", "cores", "children"), [(None, 1, 2), (None, 3, 3), (None, 64, 4), (7, 2, 7)]
)
def test_there_are_as_many_children_as_processors_unless_said(
    given: int | None, cores: int, children: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "given_cores", lambda: cores)
    config = Settings(silver=SilverSettings(children_at_once=given))
    assert factory.children_at_once(config) == children
