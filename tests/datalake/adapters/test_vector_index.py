"""What every VectorIndex promises: the real client over HTTP and the fake behave alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalake.adapters.memory.vector_index import MemoryVectorIndex
from datalake.adapters.ports import Point, Vector, VectorIndex
from datalake.adapters.qdrant.index import QdrantVectorIndex
from datalake.common_func import point_id
from datalake.contracts import WorkIdentity
from datalake.errors import ConfigurationError

MODEL = "open_clip:ViT-B-32/laion2b"
WORK = WorkIdentity(asset_id="a" * 64, model=MODEL, settings_hash="0" * 16)
OTHER = WORK.model_copy(update={"asset_id": "b" * 64})


def _uri(key: str) -> str:
    return f"lake://{key}"


def _axis(i: int) -> Vector:
    return np.eye(4, dtype=np.float32)[i]


def _point(
    i: int, work: WorkIdentity = WORK, videos: tuple[str, ...] = ("instagram/x",), **more: Any
) -> Point:
    payload = {
        "video_ids": list(videos),
        "platform": sorted({video.split("/")[0] for video in videos}),
        "asset_id": work.asset_id,
        "model": work.model,
        "settings_hash": work.settings_hash,
        "time_us": i * 1_000_000,
        "timestamp_s": float(i),
        "frame_key": f"silver/{i}.jpg",
        "labels": ["cat", "dog"],
        "published_at": "2026-05-01T12:00:00+00:00",
        **more,
    }
    return Point(point_id(work, i * 1_000_000), _axis(i), payload)


@pytest.fixture
def qdrant_index(qdrant_url: str) -> Iterator[QdrantVectorIndex]:
    with QdrantVectorIndex(qdrant_url, _uri, prefix=f"test-{uuid.uuid4().hex[:8]}") as index:
        yield index


@pytest.fixture(params=["qdrant", "memory"])
def new_index(request: pytest.FixtureRequest) -> VectorIndex:
    if request.param == "memory":
        return MemoryVectorIndex(_uri)
    index: VectorIndex = request.getfixturevalue("qdrant_index")
    return index


@pytest.fixture
def index(new_index: VectorIndex) -> VectorIndex:
    """An index with an empty collection for MODEL, four numbers a vector."""
    new_index.ensure_collection(MODEL, "v1", 4)
    return new_index


def _seen(index: VectorIndex, i: int = 0) -> list[tuple[str, str, float]]:
    return [(hit.platform, hit.video_id, hit.time_s) for hit in index.search(MODEL, _axis(i), 1)]


def test_a_hit_says_all_about_its_moment(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0), _point(1)], 1)
    (hit,) = index.search(MODEL, _axis(1), 1)
    assert hit.score == pytest.approx(1.0)
    assert (hit.platform, hit.video_id, hit.asset_id, hit.time_s) == ("instagram", "x", "a" * 64, 1.0)
    assert (hit.frame_key, hit.frame_uri) == ("silver/1.jpg", "lake://silver/1.jpg")
    assert hit.labels == ("cat", "dog")


def test_the_best_come_first_and_limit_counts_points(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(i, videos=("instagram/x", "tiktok/y")) for i in range(3)], 1)
    hits = index.search(MODEL, np.array([0.1, 1.0, 0.5, 0.0], np.float32), 2)
    assert [(hit.time_s, hit.platform) for hit in hits] == [
        (1.0, "instagram"),
        (1.0, "tiktok"),
        (2.0, "instagram"),
        (2.0, "tiktok"),
    ]


def test_a_platform_narrows_points_and_hits(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0), _point(1, videos=("instagram/x", "tiktok/a/b"))], 1)
    hits = index.search(MODEL, _axis(0), 10, platform="tiktok")
    assert [(hit.platform, hit.video_id, hit.time_s) for hit in hits] == [("tiktok", "a/b", 1.0)]
    assert index.search(MODEL, _axis(0), 10, platform="vimeo") == []


def test_writing_twice_changes_nothing(index: VectorIndex) -> None:
    for _ in range(2):
        index.upsert(MODEL, [_point(0), _point(1)], 1)
    assert index.count(MODEL) == 2


def test_a_late_writer_changes_nothing(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0, videos=("instagram/new",))], 5)
    index.upsert(MODEL, [_point(0, videos=("instagram/zombie",))], 4)
    index.set_holders(MODEL, [_point(0).point_id], ["instagram/zombie"], 4)
    index.set_holders(MODEL, [_point(0).point_id], [], 4)
    assert _seen(index) == [("instagram", "new", 0.0)]


def test_the_same_and_a_newer_generation_may_write(index: VectorIndex) -> None:
    for generation, name in [(5, "first"), (5, "same"), (6, "newer")]:
        index.upsert(MODEL, [_point(0, videos=(f"instagram/{name}",))], generation)
        assert _seen(index) == [("instagram", name, 0.0)]


def test_holders_are_rewritten_and_raise_the_generation(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0), _point(1)], 1)
    index.set_holders(MODEL, [_point(0).point_id], ["tiktok/b", "tiktok/c"], 3)
    assert _seen(index) == [("tiktok", "b", 0.0), ("tiktok", "c", 0.0)]
    assert _seen(index, 1) == [("instagram", "x", 1.0)]
    assert [hit.video_id for hit in index.search(MODEL, _axis(0), 1, platform="tiktok")] == ["b", "c"]
    index.upsert(MODEL, [_point(0)], 2)
    assert _seen(index)[0] == ("tiktok", "b", 0.0)


def test_nobody_left_deletes_and_nothing_comes_back(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0), _point(1)], 1)
    index.set_holders(MODEL, [_point(0).point_id], [], 2)
    assert index.count(MODEL) == 1
    index.set_holders(MODEL, [_point(0).point_id, _point(1).point_id], ["instagram/late"], 3)
    assert index.count(MODEL) == 1
    assert _seen(index, 1) == [("instagram", "late", 1.0)]


def test_counting_one_work(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0), _point(1), _point(2, work=OTHER)], 1)
    assert (index.count(MODEL), index.count(MODEL, WORK), index.count(MODEL, OTHER)) == (3, 2, 1)
    assert index.count(MODEL, WORK.model_copy(update={"settings_hash": "f" * 16})) == 0


def test_nothing_to_write_is_no_error(index: VectorIndex) -> None:
    index.upsert(MODEL, [], 1)
    index.set_holders(MODEL, [], [], 1)
    assert index.count(MODEL) == 0


def test_a_point_without_labels_or_date(index: VectorIndex) -> None:
    point = _point(0)
    bare = {k: v for k, v in point.payload.items() if k not in ("labels", "published_at")}
    index.upsert(MODEL, [Point(point.point_id, point.vector, bare)], 1)
    assert index.search(MODEL, _axis(0), 1)[0].labels == ()


def test_ensuring_again_keeps_the_points(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0)], 1)
    index.ensure_collection(MODEL, "v1", 4)
    assert index.count(MODEL) == 1


@pytest.mark.parametrize(("fingerprint", "dim"), [("v2", 4), ("v1", 8)])
def test_another_fingerprint_or_dimension_is_refused(index: VectorIndex, fingerprint: str, dim: int) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        index.ensure_collection(MODEL, fingerprint, dim)
    text = str(refusal.value)
    assert all(
        part in text for part in ("'v1'", "4 numbers", f"'{fingerprint}'", f"{dim} numbers", "EMBEDDER")
    )


def test_models_do_not_share_a_collection(index: VectorIndex) -> None:
    index.upsert(MODEL, [_point(0)], 1)
    index.ensure_collection("open_clip/ViT:B:32-laion2b", "v1", 4)
    assert index.count("open_clip/ViT:B:32-laion2b") == 0


def test_an_unknown_model_counts_nothing_and_cannot_be_used(index: VectorIndex) -> None:
    assert index.count("never") == 0
    with pytest.raises(ConfigurationError, match="never"):
        index.search("never", _axis(0), 1)
    with pytest.raises(ConfigurationError, match="never"):
        index.upsert("never", [_point(0)], 1)


def test_a_vector_of_another_length_is_refused(index: VectorIndex) -> None:
    wrong = Point(uuid.uuid4(), np.ones(3, np.float32), _point(0).payload)
    with pytest.raises(ConfigurationError):
        index.upsert(MODEL, [_point(0), wrong], 1)
    assert index.count(MODEL) == 0


Step = tuple[str, int, int, list[str]]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["upsert", "holders"]),
        st.integers(0, 3),
        st.integers(1, 4),
        st.lists(st.sampled_from(["instagram/x", "instagram/y", "tiktok/z"]), max_size=2, unique=True),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_the_fake_does_what_qdrant_does(qdrant_url: str, steps: list[Step]) -> None:
    fake = MemoryVectorIndex(_uri)
    with QdrantVectorIndex(qdrant_url, _uri, prefix=f"test-{uuid.uuid4().hex[:8]}") as real:
        states = [_after(index, steps) for index in (fake, real)]
    assert states[0] == states[1]


def _after(index: VectorIndex, steps: list[Step]) -> list[tuple[float, str, str]]:
    index.ensure_collection(MODEL, "v1", 4)
    for action, i, generation, videos in steps:
        if action == "upsert":
            index.upsert(MODEL, [_point(i, videos=tuple(videos) or ("instagram/x",))], generation)
        else:
            index.set_holders(MODEL, [_point(i).point_id], videos, generation)
    return sorted((hit.time_s, hit.platform, hit.video_id) for hit in index.search(MODEL, _axis(0), 10))
