"""A small world for gold: messages, videos and frames that look like silver's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from datalake.adapters.memory.catalog import MemoryCatalog, MemoryFrameTable
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.vector_index import MemoryVectorIndex
from datalake.adapters.ports import (
    BatchReport,
    Catalog,
    FrameRow,
    FrameTable,
    Lake,
    Mail,
    Point,
    VectorIndex,
)
from datalake.adapters.postgres import execute, row, rows, transaction
from datalake.adapters.postgres.catalog import PostgresCatalog
from datalake.adapters.smtp.template import JinjaMailTemplate
from datalake.contracts import (
    Assessment,
    ClaimedVideo,
    Derivatives,
    GoldVideo,
    Outcome,
    RefinedVideo,
    SilverVideo,
    VideoArrived,
    WorkIdentity,
)
from datalake.pipeline import run_layer

from .examples import DIM, FINGERPRINT, MODEL, VERSION, assessment_of, asset_of, bronze_of, frame_of

RECEIVER = "boss@example.org"


def compose(report: BatchReport) -> tuple[Mail, ...]:
    settings = {"email_receiver": RECEIVER, "airflow_url": "http://airflow"}
    made = run_layer("notify", {"batch_report": report, "mail_template": JinjaMailTemplate(), **settings})
    return made.mails


@dataclass
class Messages:
    """Makes messages; subclasses put them where the catalog finds them."""

    catalog: Any
    offset: int = 0

    def send(
        self,
        video_id: str = "a",
        version: int = 1,
        batch_id: UUID | None = None,
        attempt: int = 1,
        uri: str = "file:///a.mp4",
        notify: tuple[str, ...] = (),
        platform: str = "instagram",
        published_at: datetime | None = None,
    ) -> ClaimedVideo:
        self.offset += 1
        batch_id = batch_id or uuid.uuid4()
        arrived = VideoArrived(
            event_id=uuid.uuid4(),
            video_id=video_id,
            uri=uri,
            notify=notify,
            platform=platform,
            published_at=published_at,
        )
        claimed = ClaimedVideo(
            message_id=uuid.uuid4(),
            batch_id=batch_id,
            attempt=attempt,
            run_id=f"{batch_id}-{attempt}",
            version=(version, 0, self.offset),
            arrived=arrived,
        )
        self.put(claimed)
        return claimed

    def put(self, claimed: ClaimedVideo) -> None:
        self.catalog.add(claimed)

    def next_attempt(self, claimed: ClaimedVideo) -> ClaimedVideo:
        attempt = claimed.attempt + 1
        newer = claimed.model_copy(update={"attempt": attempt, "run_id": f"{claimed.batch_id}-{attempt}"})
        self.put(newer)
        return newer

    def outcome(self, claimed: ClaimedVideo) -> Outcome | None:
        return self.catalog.outcome(claimed.message_id)


@dataclass
class PostgresMessages(Messages):
    uri: str = ""

    def put(self, claimed: ClaimedVideo) -> None:
        with transaction(self.uri) as connection:
            execute(
                connection,
                "INSERT INTO batches (batch_id, source, run_id, attempt) VALUES (%s, 'kafka', %s, %s) "
                "ON CONFLICT (batch_id) DO UPDATE SET run_id = EXCLUDED.run_id, attempt = EXCLUDED.attempt",
                (claimed.batch_id, claimed.run_id, claimed.attempt),
            )
            execute(
                connection,
                "WITH put AS ("
                "INSERT INTO ledger (message_id, cluster_id, topic_id, partition, message_offset, topic, "
                "payload_sha256, event_id, platform, video_id, version, arrived, batch_id) "
                "VALUES (%s, 'c', 't', 0, %s, 'video.arrived', '', %s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (message_id) DO NOTHING RETURNING batch_id) "
                "UPDATE batches SET messages = messages + 1 FROM put WHERE batches.batch_id = put.batch_id",
                (
                    claimed.message_id,
                    claimed.version[2],
                    claimed.arrived.event_id,
                    claimed.arrived.platform,
                    claimed.arrived.video_id,
                    claimed.version[0],
                    json.dumps(claimed.arrived.model_dump(mode="json")),
                    claimed.batch_id,
                ),
            )

    def outcome(self, claimed: ClaimedVideo) -> Outcome | None:
        with transaction(self.uri) as connection:
            found = row(
                connection,
                "SELECT outcome, reason, detail, findings FROM ledger WHERE message_id = %s",
                (claimed.message_id,),
            )
        assert found is not None
        kind = found.pop("outcome")
        return None if kind is None else Outcome(kind=kind, **found)

    def table(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        with transaction(self.uri) as connection:
            return rows(connection, sql, parameters)


@dataclass
class World:
    """Everything gold touches."""

    messages: Messages
    catalog: Catalog
    index: VectorIndex
    frame_table: FrameTable = field(default_factory=MemoryFrameTable)
    lake: Lake = field(default_factory=MemoryLake)

    def silver(self, content: str, kept: int = 3, settings_hash: str = "0123456789abcdef") -> SilverVideo:
        """A video of `kept` frames in two parts, and one near-duplicate of the first frame."""
        work = WorkIdentity(asset_id=asset_of(content), model=MODEL, settings_hash=settings_hash)
        frames = [frame_of(work, number) for number in range(kept)]
        if kept:
            frames.append(frame_of(work, kept, duplicate_of_us=0))
        keys = tuple(f"{work.prefix}/frames/part-{number:05d}.parquet" for number in (0, 1))
        self.store_part(work, keys[0], frames[:2])
        self.store_part(work, keys[1], frames[2:])
        return SilverVideo(
            work=work,
            manifest_key=f"{work.prefix}/manifest.json",
            vector_dim=DIM,
            fingerprint=FINGERPRINT,
            frame_count=len(frames),
            kept_count=kept,
            part_keys=keys,
            pipeline_version=VERSION,
        )

    def refined(
        self,
        claimed: ClaimedVideo,
        content: str,
        assessment: Assessment | None = None,
        derivatives: Derivatives | None = None,
        **silver: Any,
    ) -> RefinedVideo:
        """All that is known of a video before gold."""
        video = self.silver(content, **silver)
        return RefinedVideo(
            claimed=claimed,
            bronze=bronze_of(content),
            silver=video,
            assessment=assessment or assessment_of(content, video.frame_count),
            derivatives=derivatives or Derivatives(asset_id=asset_of(content)),
        )

    def store_part(self, work: WorkIdentity, key: str, frames: Sequence[FrameRow]) -> None:
        assert isinstance(self.frame_table, MemoryFrameTable)
        self.frame_table.parts[key] = frames

    def gold(
        self, claimed: ClaimedVideo, content: str, index: VectorIndex | None = None, **known: Any
    ) -> GoldVideo:
        return self.gold_of(self.refined(claimed, content, **known), index)

    def gold_of(self, video: RefinedVideo, index: VectorIndex | None = None) -> GoldVideo:
        return run_layer(
            "gold",
            {
                "claimed_video": video.claimed,
                "bronze_video": video.bronze,
                "silver_video": video.silver,
                "assessment": video.assessment,
                "derivatives": video.derivatives,
                "catalog": self.catalog,
                "frame_table": self.frame_table,
                "lake": self.lake,
                "vector_index": index or self.index,
            },
        )

    def holders(self, limit: int = 100) -> set[tuple[str, str]]:
        """(asset, platform/video_id) of every point."""
        hits = self.index.search(MODEL, np.ones(DIM, np.float32), limit)
        return {(hit.asset_id, f"{hit.platform}/{hit.video_id}") for hit in hits}


class OneAtATime(MemoryVectorIndex):
    """The fake is for one thread; this makes it fit for several, as a server is."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = RLock()

    def upsert(self, model: str, points: Sequence[Point], generation: int) -> None:
        with self._lock:
            super().upsert(model, points, generation)

    def set_holders(
        self, model: str, point_ids: Sequence[UUID], video_ids: Sequence[str], generation: int
    ) -> None:
        with self._lock:
            super().set_holders(model, point_ids, video_ids, generation)


@pytest.fixture
def index() -> MemoryVectorIndex:
    index = OneAtATime()
    index.ensure_collection(MODEL, FINGERPRINT, DIM)
    return index


@pytest.fixture
def pg_world(postgres_uri: str, index: MemoryVectorIndex) -> World:
    catalog = PostgresCatalog(postgres_uri, compose)
    return World(PostgresMessages(catalog, uri=postgres_uri), catalog, index)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, index: MemoryVectorIndex) -> World:
    """The same rules hold for the fake and for PostgreSQL."""
    if request.param == "postgres":
        return request.getfixturevalue("pg_world")
    catalog = MemoryCatalog(compose)
    return World(Messages(catalog), catalog, index)
