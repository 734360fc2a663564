from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from airflow.triggers.base import TaskSuccessEvent

from datalake.adapters.memory.runs import MemoryRuns
from datalake.ingest.operators import WaitForWork
from datalake.ingest.trigger import WorkDue
from datalake.ingest.watch import Watcher, build_watcher


def test_it_survives_the_way_into_the_triggerer() -> None:
    path, arguments = WorkDue(poll_s=2).serialize()
    module, _, name = path.rpartition(".")
    assert getattr(sys.modules[module], name)(**arguments).poll_s == 2
    assert WaitForWork.start_trigger_args.trigger_cls == path


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = "{'psycopg2', 'confluent_kafka', 'av', 'pydantic_settings'}"
    script = f"import sys, datalake.ingest.operators; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


class Alone(WorkDue):
    """The trigger where there is no Airflow to ask."""

    def build_watcher(self) -> Watcher:
        return build_watcher(MemoryRuns())


@pytest.mark.parametrize(("name", "value"), [("CLAIM_MAX_MESSAGES", "many"), ("SOURCE_ROOTS", "videos")])
def test_a_wrong_setting_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path, caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    monkeypatch.setenv(name, value)

    async def wait() -> None:
        await asyncio.wait_for(anext(Alone(poll_s=0.01).run()), 0.5)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())
    looks = [record.getMessage() for record in caplog.records]
    assert len(looks) > 1
    assert f"{name} is wrong" in looks[0]


@pytest.mark.kafka
@pytest.mark.postgres
def test_services_that_come_back_end_the_wait(pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """First no settings, then no database, then work: one wait sees it all."""
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))
    monkeypatch.setenv("KAFKA_CLIENT_PROPERTIES", "client.properties")
    monkeypatch.setenv("KAFKA_TOPIC", pipeline.kafka.topic)
    monkeypatch.setenv("PG_CONN_URI", "postgresql://u@127.0.0.1:1/x")

    async def wait() -> list[object]:
        events = asyncio.ensure_future(anext(Alone(poll_s=0.05).run()))
        await asyncio.sleep(0.2)
        (tmp_path / "client.properties").write_text(f"bootstrap.servers={pipeline.kafka.address}\n")
        await asyncio.sleep(0.2)
        assert not events.done()
        monkeypatch.setenv("PG_CONN_URI", pipeline.uri)
        pipeline.send(b"anything")
        return [await events]

    (event,) = asyncio.run(asyncio.wait_for(wait(), 30))
    assert isinstance(event, TaskSuccessEvent)
