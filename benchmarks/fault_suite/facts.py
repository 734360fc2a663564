"""What is left behind after the faults, as plain values: all that the audit looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient

from benchmarks.fault_suite.faults import Hit
from benchmarks.fault_suite.producer import Receipt
from benchmarks.fault_suite.traffic import Traffic
from datalake.adapters import postgres
from datalake.adapters.kafka import Broker, EndOfPartition, Kafka, Reader, Record
from datalake.demo.scene import Scene
from datalake.ingest.ledger import LedgerBalance, ledger_balance

_PAGE_POINTS = 1000
_LEDGER = """
SELECT partition, message_offset AS "offset", payload_sha256 AS sha256, outcome, reason, video_id, asset_id,
       extract(epoch FROM received_at)::float AS received_at,
       extract(epoch FROM finished_at)::float AS finished_at
FROM ledger ORDER BY partition, message_offset
"""
_VIDEOS = """
SELECT v.video_id, v.asset_id, count(f.time_us) AS frames, count(f.point_id) AS kept
FROM videos v LEFT JOIN frames f USING (asset_id, model, settings_hash) GROUP BY v.platform, v.video_id
"""
_POINTS = """
SELECT f.point_id::text AS point_id, array_agg(v.platform || '/' || v.video_id) AS held
FROM frames f JOIN videos v USING (asset_id, model, settings_hash)
WHERE f.point_id IS NOT NULL GROUP BY f.point_id
"""
_LETTERS = """
SELECT l.payload_sha256 AS sha256, d.reason, d.published_at IS NOT NULL AS is_published
FROM dead_letters d JOIN ledger l USING (message_id)
"""
_MAILS = "SELECT mail_message_id AS message_id, state, attempts FROM notifications"
_ATTEMPTS = """
SELECT message_id::text AS message_id, layer, task_try::text AS task_try, is_through AS got_through,
       batch_id || '-' || attempt AS run_id,
       extract(epoch FROM started_at)::float AS started_at, extract(epoch FROM ended_at)::float AS ended_at
FROM video_attempts ORDER BY message_id, layer, started_at
"""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """Everything that was found.

    Attributes:
        traffic: what was meant.
        receipts: what the broker confirmed.
        hits: what was killed.
        balance: the ledger against the broker.
        ledger: its rows.
        videos: with the number of their frames and kept frames.
        wanted_points: point id to the videos that hold it, from PostgreSQL.
        points: point id and holders, as the vector index has them.
        letters: rows of the outbox.
        topic_letters: how often each message is in the dead-letter topic, by the hash of its bytes.
        mails: rows of the outbox.
        delivered_mails: Unix times at which the mail server took each Message-ID.
        attempts: at videos, a row a layer and task process.
        videos_at_once: how many a task process has in flight at most.
        drained_s: from the last kill until nothing was left to do; None: not in time.
    """

    traffic: Traffic
    receipts: Sequence[Receipt]
    hits: Sequence[Hit]
    balance: LedgerBalance
    ledger: Sequence[Row]
    videos: Sequence[Row] = ()
    wanted_points: Mapping[str, Sequence[str]] = field(default_factory=dict)
    points: Sequence[tuple[str, Sequence[str]]] = ()
    letters: Sequence[Row] = ()
    topic_letters: Mapping[str, int] = field(default_factory=dict)
    mails: Sequence[Row] = ()
    delivered_mails: Mapping[str, Sequence[float]] = field(default_factory=dict)
    attempts: Sequence[Row] = ()
    videos_at_once: int = 1
    drained_s: float | None = None


def collect(
    scene: Scene,
    mail_folder: Path,
    traffic: Traffic,
    receipts: Sequence[Receipt],
    hits: Sequence[Hit],
    drained_s: float | None,
) -> Facts:
    """Look at every store once.

    Raises:
        TransientError: one of them is away.
    """
    with postgres.transaction(scene.postgres_uri) as connection:
        found = {
            name: postgres.rows(connection, sql)
            for name, sql in (
                ("videos", _VIDEOS),
                ("letters", _LETTERS),
                ("mails", _MAILS),
                ("attempts", _ATTEMPTS),
            )
        }
        ledger = ledger_rows(connection)
        held = {row["point_id"]: row["held"] for row in postgres.rows(connection, _POINTS)}
    return Facts(
        traffic=traffic,
        receipts=receipts,
        hits=hits,
        balance=ledger_balance(scene.postgres_uri, scene.kafka),
        ledger=ledger,
        wanted_points=held,
        points=points(scene.config.qdrant.qdrant_url),
        topic_letters=topic_letters(scene.kafka),
        delivered_mails=delivered_mails(mail_folder),
        videos_at_once=scene.config.silver.videos_at_once,
        drained_s=drained_s,
        **found,
    )


def ledger_rows(connection: postgres.Connection) -> list[Row]:
    """Every row of the ledger: where the message was, how it ended, when."""
    return list(postgres.rows(connection, _LEDGER))


def points(url: str) -> list[tuple[str, list[str]]]:
    """Every point of every collection with the videos that hold it."""
    found: list[tuple[str, list[str]]] = []
    client = QdrantClient(url=url, check_compatibility=False)
    for collection in client.get_collections().collections:
        page: Any = None
        while True:
            records, page = client.scroll(collection.name, limit=_PAGE_POINTS, offset=page, with_payload=True)
            found += [(str(one.id), sorted((one.payload or {})["video_ids"])) for one in records]
            if page is None:
                break
    client.close()
    return found


def topic_letters(kafka: Kafka) -> dict[str, int]:
    """How often each message is in the dead-letter topic, by the hash of its bytes."""
    topic = replace(kafka, topic=kafka.dead_letter_topic)
    broker = Broker(topic)
    starts = {partition: span.low for partition, span in broker.spans(broker.describe().partitions).items()}
    counted: Counter[str] = Counter()
    with closing(Reader(topic, starts)) as reader:
        ended: set[int] = set()
        while ended < set(starts):
            read = reader.read(0.5)
            if isinstance(read, Record):
                counted[sha256(read.value or b"").hexdigest()] += 1
            elif isinstance(read, EndOfPartition):
                ended.add(read.partition)
    return dict(counted)


def delivered_mails(folder: Path) -> dict[str, list[float]]:
    """When the mail server took each Message-ID, as Unix times, oldest first."""
    taken: dict[str, list[float]] = {}
    for path in folder.glob("*.eml"):
        message_id = str(message_from_bytes(path.read_bytes())["Message-ID"])
        taken.setdefault(message_id, []).append(path.stat().st_mtime)
    return {message_id: sorted(times) for message_id, times in taken.items()}
