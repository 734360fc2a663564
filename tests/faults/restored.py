"""A pipeline without Airflow whose database can be dumped and restored; its tasks run in this process."""

from __future__ import annotations

import ctypes
import json
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from datalake import settings, tasks
from datalake.adapters.kafka import Kafka, Sender
from datalake.adapters.memory.runs import MemoryRuns
from datalake.adapters.postgres import rows, transaction
from datalake.embedded.postgres import PostgresServer, binaries
from datalake.embedded.smtp import SmtpSink
from datalake.ingest.cycle import run_cycle
from datalake.ingest.ledger import LedgerBalance, ledger_balance
from tests.clips import clip

# Everything that people and searches see, but for times of writing and what was typed into the form.
_TABLES = {
    "ledger": "SELECT message_id, payload_sha256, outcome, reason FROM ledger WHERE cluster_id <> 'ui'",
    "letters": "SELECT message_id, reason FROM dead_letters",
    "gaps": "SELECT partition, first_offset, last_offset FROM offset_gaps",
    "videos": "SELECT video_id, message_id, asset_id, kept_count FROM videos WHERE platform <> 'ui'",
    "frames": "SELECT asset_id, time_us, point_id, frame_key FROM frames",
    "holders": "SELECT video_id, asset_id, released FROM point_holders WHERE platform <> 'ui'",
    "quality": "SELECT video_id, overall FROM quality_reports WHERE platform <> 'ui'",
    "assets": "SELECT asset_id, size_bytes, raw_key FROM assets",
    "work": "SELECT asset_id, manifest_key FROM work",
}


@dataclass(frozen=True)
class Effects:
    """What the messages of the topic brought about: rows by table, holders by point."""

    tables: dict[str, list[str]]
    points: dict[str, list[str]]


@dataclass
class Restorable:
    """The database, the services that a restore does not touch, and the runs that Airflow knows."""

    home: Path
    server: PostgresServer
    database: str
    kafka: Kafka
    sink: SmtpSink
    qdrant: QdrantClient
    runs: MemoryRuns = field(default_factory=MemoryRuns)

    def video(self, name: str, frames: int) -> Path:
        """A file of its own; files of equally many frames have the same bytes."""
        path = self.home / "videos" / f"{name}.mp4"
        path.write_bytes(clip(self.home, frames=frames).read_bytes())
        return path

    @property
    def uri(self) -> str:
        """Of the database, before and after a restore."""
        return self.server.uri(self.database)

    def send(self, *payloads: bytes) -> None:
        """Put messages on the topic, in order."""
        sender, fates = Sender(self.kafka), []
        for payload in payloads:
            sender.send(self.kafka.topic, b"key", payload, {}, fates.append)
        sender.flush()
        assert fates == [None] * len(payloads)

    def cycle(self) -> list[dict[str, Any]]:
        """One cycle of the consumer; the runs that it wants are live now."""
        wanted = run_cycle(self.runs)
        self.runs.states |= {run["trigger_run_id"]: "live" for run in wanted}
        return wanted

    def run(self, run_id: str, params: dict[str, Any]) -> None:
        """What Airflow does in a run."""
        for chunk in tasks.plan(params, run_id):
            tasks.gold(tasks.silver(tasks.bronze(chunk)))
        tasks.notify(params, run_id)
        self.runs.states[run_id] = "ended"

    def is_drained(self) -> bool:
        """Do all that is due; True when nothing is left."""
        for wanted in self.cycle():
            self.run(wanted["trigger_run_id"], wanted["conf"])
        return self.balance().is_settled

    def balance(self) -> LedgerBalance:
        """The ledger against the broker."""
        return ledger_balance(self.uri, self.kafka)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query."""
        with transaction(self.uri) as connection:
            return rows(connection, sql)

    def message_ids(self) -> set[uuid.UUID]:
        """Messages of the topic that the ledger has."""
        return {row["message_id"] for row in self.rows(_TABLES["ledger"])}

    def effects(self) -> Effects:
        """Everything that has to be the same after a restore."""
        tables = {name: sorted(str(row) for row in self.rows(sql)) for name, sql in _TABLES.items()}
        (collection,) = self.qdrant.get_collections().collections
        points, _ = self.qdrant.scroll(collection.name, limit=1000)
        holders = {
            str(point.id): [name for name in point.payload["video_ids"] if not name.startswith("ui/")]
            for point in points
        }
        return Effects(tables, holders)

    def mails(self) -> Counter[str]:
        """How often the server took each Message-ID."""
        return Counter(str(mail["Message-ID"]) for mail in self.sink.mails())

    def dump(self, path: Path) -> None:
        """As the runbook says."""
        _postgres("pg_dump", "--format=custom", "--file", path, self.uri)

    def restore(self, path: Path) -> None:
        """As the runbook says."""
        drop, create = f"DROP DATABASE {self.database} WITH (FORCE)", f"CREATE DATABASE {self.database}"
        _postgres("psql", self.server.uri("postgres"), "-c", drop, "-c", create)
        _postgres("pg_restore", "--exit-on-error", "--no-owner", "--dbname", self.uri, path)


def _postgres(program: str, *arguments: object) -> None:
    argv: Sequence[str] = [str(binaries() / program), *map(str, arguments)]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)


def message(video_id: str, video: Path, **fields: Any) -> bytes:
    """A good message about a file, under an event id of its own."""
    document = {
        "event_id": str(uuid.uuid4()),
        "video_id": video_id,
        "platform": "test",
        "uri": video.as_uri(),
    }
    return json.dumps({**document, **fields}).encode()


@contextmanager
def configured(home: Path, kafka: Kafka, sink: SmtpSink, **variables: object) -> Iterator[None]:
    """The settings of a pipeline in `home`, for tasks in this process."""
    (home / "client.properties").write_text(f"bootstrap.servers={kafka.address}\n", "utf-8")
    ours = {
        "DATALAKE_HOME": home,
        "KAFKA_CLIENT_PROPERTIES": "client.properties",
        "KAFKA_TOPIC": kafka.topic,
        "KAFKA_DEAD_LETTER_TOPIC": kafka.dead_letter_topic,
        "LAKE_URI": (home / "lake").as_uri(),
        "SOURCE_ROOTS": json.dumps([str(home / "videos")]),
        "EMBEDDER": "conse",
        "VIDEOS_AT_ONCE": 2,
        "EMAIL_RECEIVER": "boss@example.org",
        "SMTP_SERVER": sink.host,
        "SMTP_PORT": sink.port,
        "SMTP_SECURITY": "none",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ours, **variables}.items():
            patch.setenv(name, str(value))
        settings.load.cache_clear()
        try:
            yield
        finally:
            settings.load.cache_clear()
            ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # a task asks to die with its parent; a test must not
