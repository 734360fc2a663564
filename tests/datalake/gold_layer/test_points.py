"""What a point carries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from datalake.adapters.memory.vector_index import MemoryVectorIndex
from datalake.adapters.ports import PointClaim
from datalake.errors import ConfigurationError
from datalake.gold_layer import points

from .conftest import World
from .examples import FINGERPRINT, VERSION


def test_payload_names_holders_work_and_moment(world: World) -> None:
    published = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    claimed = world.messages.send("a", published_at=published)
    video = world.refined(claimed, "bytes")
    silver = video.silver
    claim = points.point_claim(video, world.catalog)
    shared = points.shared_payload(video, claim)
    assert shared == {
        **silver.work.model_dump(),
        "pipeline_version": VERSION,
        "video_ids": ["instagram/a"],
        "platform": ["instagram"],
        "published_at": "2026-01-02T03:04:00+00:00",
        "generation": claim.generation,
    }
    model = silver.work.model
    assert points.stored_points(model, claim, shared, video, world.frame_table, world.lake, world.index) == 3
    stored = world.index._collections[silver.work.model].points
    payloads = sorted((point.payload for point in stored.values()), key=lambda payload: payload["time_us"])
    assert [(p["time_us"], p["timestamp_s"]) for p in payloads] == [
        (0, 0.0),
        (500_000, 0.5),
        (1_000_000, 1.0),
    ]
    assert payloads[1]["frame_key"] == f"{silver.work.prefix}/images/000000500000.jpg"
    assert payloads[1]["frame_uri"] == f"memory://{payloads[1]['frame_key']}"
    assert payloads[1]["labels"] == ["rabbit"]


def test_platforms_are_those_of_the_holders(world: World) -> None:
    claim = PointClaim("write", 7, ("tiktok/1", "instagram/2", "instagram/3"))
    shared = points.shared_payload(world.refined(world.messages.send(), "bytes"), claim)
    assert shared["platform"] == ["instagram", "tiktok"]
    assert (shared["generation"], shared["published_at"]) == (7, None)


def test_nothing_is_stored_without_a_claim_to_write(world: World) -> None:
    video = world.refined(world.messages.send(), "bytes")
    for verdict in ("closed", "unchanged", "older_version"):
        refused = PointClaim(verdict)
        stored = points.stored_points("m", refused, {}, video, world.frame_table, world.lake, world.index)
        assert stored == 0
    assert world.holders() == set()


def test_collection_is_made_for_the_vectors_that_come(world: World) -> None:
    index = MemoryVectorIndex()
    video = world.refined(world.messages.send(), "bytes")
    assert points.vector_collection(video, index) == video.silver.work.model
    index = MemoryVectorIndex()
    index.ensure_collection(video.silver.work.model, f"not {FINGERPRINT}", video.silver.vector_dim)
    with pytest.raises(ConfigurationError):
        points.vector_collection(video, index)
