"""The database restored from an earlier dump: what it lacks is read again, and everything ends as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from qdrant_client import QdrantClient

from datalake.adapters.kafka import Broker, Kafka
from datalake.embedded.certificates import Certificate
from datalake.embedded.postgres import PostgresServer
from datalake.embedded.smtp import SmtpSink
from tests.engine import qdrant_server
from tests.faults.restored import Effects, Restorable, configured, message
from tests.live import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

DRAINED_S = 120
TYPED_RUN = "manual__1"

Opened = Callable[[], AbstractContextManager[Restorable]]


@dataclass(frozen=True)
class History:
    """What happened up to the end, and the dump that was made in between."""

    pipeline: Restorable
    dump: Path
    dumped_ids: set[UUID]
    open_run: dict[str, Any]
    typed: dict[str, Any]
    all_ids: set[UUID]
    effects: Effects


@pytest.fixture(scope="module")
def opened(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: PostgresServer,
    postgres_template: str,
    kafka_bootstrap: str,
    certificate: Certificate,
) -> Opened:
    """Opens a pipeline with a topic and a database that no other one has; tests come in any order."""

    @contextmanager
    def open_one() -> Iterator[Restorable]:
        name, home = f"restored_{uuid4().hex}", tmp_path_factory.mktemp("restore")
        (home / "videos").mkdir()
        kafka = Kafka({"bootstrap.servers": kafka_bootstrap}, name, f"{name}.letters", name)
        Broker(kafka).ensure_topics(partitions=1)
        uri = postgres_server.ensure_database(name, postgres_template)
        with ExitStack() as services:
            services.callback(postgres_server.drop_database, name)
            sink = services.enter_context(SmtpSink(home / "mails", 0, certificate))
            url = services.enter_context(qdrant_server(home / "qdrant"))
            services.enter_context(configured(home, kafka, sink, PG_CONN_URI=uri, QDRANT_URL=url))
            client = QdrantClient(url=url)
            services.callback(client.close)
            yield Restorable(home, postgres_server, name, kafka, sink, client)

    return open_one


@pytest.fixture(scope="module")
def history(opened: Opened) -> Iterator[History]:
    """For tests that leave its topic as it is."""
    with opened() as pipeline:
        yield happened(pipeline)


def happened(pipeline: Restorable) -> History:
    """Some messages before the dump, one whose run ends after it, and all kinds of them afterwards."""
    first, dump = message("a", pipeline.video("a", frames=60)), pipeline.home / "video_db.dump"
    pipeline.send(first, first, b"not json")
    assert pipeline.is_drained()
    pipeline.send(message("open", pipeline.video("open", frames=75), notify=["me@example.org"]))
    (open_run,) = pipeline.cycle()
    pipeline.dump(dump)
    dumped_ids = pipeline.message_ids()

    pipeline.run(open_run["trigger_run_id"], open_run["conf"])
    typed = {"uris": [pipeline.video(f"typed-{number}", frames=60).as_uri() for number in range(3)]}
    pipeline.run(TYPED_RUN, typed)
    pipeline.send(*after_the_dump(pipeline))
    assert pipeline.is_drained()
    return History(pipeline, dump, dumped_ids, open_run, typed, pipeline.message_ids(), pipeline.effects())


def after_the_dump(pipeline: Restorable) -> list[bytes]:
    """New content, known content under another name, other content under a known name, and trouble."""
    cut = pipeline.video("cut", frames=50)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    new = message("new", pipeline.video("new", frames=90), notify=["me@example.org"])
    event_id = json.loads(new)["event_id"]
    return [
        new,
        new,
        message("linked", pipeline.video("linked", frames=60)),
        message("a", pipeline.video("a-moved", frames=45)),
        message("cut", cut),
        message("another", cut, event_id=event_id),
        b'{"video_id": "\\u0000"}',
    ]


def restored(history: History) -> Restorable:
    """The database as it was when it was dumped."""
    history.pipeline.restore(history.dump)
    assert history.pipeline.message_ids() == history.dumped_ids
    return history.pipeline


def test_the_history_holds_every_kind_of_outcome(history: History) -> None:
    found = history.pipeline.rows("SELECT outcome, count(*) FROM ledger WHERE cluster_id <> 'ui' GROUP BY 1")
    assert {row["outcome"]: row["count"] for row in found} == {
        "done": 5,
        "duplicate": 2,
        "rejected": 3,
        "quarantined": 1,
    }
    assert len(history.effects.points) > 0
    assert len(history.dumped_ids) == 4


@pytest.mark.parametrize("is_airflow_restored", [False, True])
def test_exactly_the_missing_messages_are_read_again_and_effects_converge(
    history: History, is_airflow_restored: bool
) -> None:
    told = history.pipeline.mails()
    pipeline = restored(history)
    run_id = history.open_run["trigger_run_id"]
    pipeline.runs.states = {run_id: "live" if is_airflow_restored else "ended"}
    assert pipeline.balance().unread == len(history.all_ids - history.dumped_ids)

    wanted = pipeline.cycle()
    assert pipeline.message_ids() == history.all_ids
    for run in wanted:
        pipeline.run(run["trigger_run_id"], run["conf"])
    if is_airflow_restored:  # it starts the tasks again that it knows as running
        pipeline.run(run_id, history.open_run["conf"])
    wait_until(pipeline.is_drained, DRAINED_S, lambda: str(pipeline.balance()))

    assert pipeline.effects() == history.effects
    repeated = pipeline.mails() - told
    assert set(repeated) <= set(told)
    assert set(repeated.values()) == {1}


def test_what_was_typed_into_the_form_comes_back_when_its_run_is_cleared(history: History) -> None:
    pipeline = restored(history)
    wait_until(pipeline.is_drained, DRAINED_S, lambda: str(pipeline.balance()))
    assert pipeline.rows("SELECT FROM videos WHERE platform = 'ui'") == []
    pipeline.run(TYPED_RUN, history.typed)
    assert len(pipeline.rows("SELECT FROM videos WHERE platform = 'ui'")) == len(history.typed["uris"])
    assert pipeline.effects() == history.effects


def test_what_comes_after_a_restore_is_found_at_once(opened: Opened) -> None:
    """Its message stays on the topic, so the topic is its own; points of its bytes are from before."""
    with opened() as pipeline:
        restored(happened(pipeline))
        pipeline.send(message("later", pipeline.video("later", frames=60)))
        wait_until(pipeline.is_drained, DRAINED_S, lambda: str(pipeline.balance()))
        holding = [point for point, names in pipeline.effects().points.items() if "test/later" in names]
        (later,) = pipeline.rows("SELECT kept_count FROM videos WHERE video_id = 'later'")
        assert len(holding) == later["kept_count"] > 0
