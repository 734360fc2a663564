"""Gold's rules, on the fake catalog and on PostgreSQL alike."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from datalake.adapters.memory.vector_index import MemoryVectorIndex
from datalake.adapters.ports import BatchReport, Mail, Point, VideoFigures
from datalake.contracts import Derivatives, Outcome, QualityReport
from datalake.errors import VectorStoreUnavailable

from .conftest import World
from .examples import MODEL, assessment_of, asset_of, bronze_of, derivative_of


class Crash(Exception):
    """The process dies here."""


class CrashingIndex(MemoryVectorIndex):
    """Dies at the n-th write, before or after it."""

    def __init__(self, inner: MemoryVectorIndex, die_at: int, after: bool) -> None:
        super().__init__()
        self._collections = inner._collections
        self._left = die_at
        self._after = after

    def upsert(self, model: str, points: Sequence[Point], generation: int) -> None:
        self._write(super().upsert, model, points, generation)

    def set_holders(self, *arguments: Any) -> None:
        self._write(super().set_holders, *arguments)

    def _write(self, write: Any, *arguments: Any) -> None:
        """One write; the collections are shared with the index that survives."""
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        write(*arguments)
        if self._left == 0:
            raise Crash


def test_video_becomes_live_with_rows_points_and_outcome(world: World) -> None:
    claimed = world.messages.send("a")
    gold = world.gold(claimed, "bytes")
    assert (gold.point_count, gold.frame_count, gold.outcome.kind) == (3, 4, "done")
    assert world.messages.outcome(claimed) == Outcome(kind="done")
    assert world.holders() == {(asset_of("bytes"), "instagram/a")}
    live = world.catalog.live_works([("instagram", "a"), ("instagram", "unknown")])
    assert live == {("instagram", "a"): world.silver("bytes").work}


def test_running_gold_twice_changes_nothing(world: World) -> None:
    claimed = world.messages.send("a")
    world.gold(claimed, "bytes")
    before = world.holders()
    again = world.gold(claimed, "bytes")
    assert (again.point_count, again.frame_count, again.outcome) == (0, 0, None)
    assert world.holders() == before
    assert world.messages.outcome(claimed) == Outcome(kind="done")


def test_same_bytes_under_another_id_are_linked(world: World) -> None:
    world.gold(world.messages.send("a"), "bytes")
    gold = world.gold(world.messages.send("b"), "bytes")
    assert gold.outcome == Outcome(kind="done")
    assert world.index.count(MODEL) == 3
    assert world.holders() == {(asset_of("bytes"), "instagram/a"), (asset_of("bytes"), "instagram/b")}


def test_new_event_that_changes_nothing_is_a_duplicate(world: World) -> None:
    world.gold(world.messages.send("a", version=1), "bytes")
    gold = world.gold(world.messages.send("a", version=2), "bytes")
    assert (gold.outcome.kind, gold.outcome.reason, gold.point_count) == ("duplicate", "unchanged", 0)


def test_a_new_verdict_on_the_same_work_is_written_and_nothing_is_indexed_again(world: World) -> None:
    world.gold(world.messages.send("a", version=1), "bytes")
    better = assessment_of("bytes", 4).model_copy(
        update={"quality": QualityReport(overall=0.75, frame_count=4)}
    )
    gold = world.gold(world.messages.send("a", version=2), "bytes", assessment=better)
    assert (gold.outcome.kind, gold.point_count) == ("done", 0)
    again = world.gold(world.messages.send("a", version=3), "bytes", assessment=better)
    assert again.outcome.reason == "unchanged"


def test_a_file_made_later_of_the_same_work_is_written(world: World) -> None:
    world.gold(world.messages.send("a", version=1), "bytes")
    made = Derivatives(asset_id=asset_of("bytes"), items=(derivative_of(world.silver("bytes")),))
    gold = world.gold(world.messages.send("a", version=2), "bytes", derivatives=made)
    assert (gold.outcome.kind, gold.point_count) == ("done", 0)
    for derivatives in (made, None):  # what was made before stays when it is not asked for again
        again = world.gold(world.messages.send("a", version=3), "bytes", derivatives=derivatives)
        assert again.outcome.reason == "unchanged"


@pytest.mark.parametrize(
    "change", [{"uri": "file:///elsewhere.mp4"}, {"published_at": datetime(2026, 1, 2, tzinfo=UTC)}]
)
def test_same_bytes_with_new_facts_are_written(world: World, change: dict[str, Any]) -> None:
    world.gold(world.messages.send("a", version=1), "bytes")
    assert world.gold(world.messages.send("a", version=2, **change), "bytes").outcome.kind == "done"
    assert world.index.count(MODEL) == 3


def test_older_message_never_overwrites(world: World) -> None:
    world.gold(world.messages.send("a", version=2), "new bytes")
    old = world.gold(world.messages.send("a", version=1), "old bytes")
    assert (old.outcome.kind, old.outcome.reason) == ("duplicate", "older_version")
    assert world.holders() == {(asset_of("new bytes"), "instagram/a")}
    assert world.index.count(MODEL) == 3


def test_an_unchanged_message_still_outdates_those_before_it(world: World) -> None:
    world.gold(world.messages.send("a", version=1), "bytes")
    world.gold(world.messages.send("a", version=3), "bytes")
    late = world.gold(world.messages.send("a", version=2), "other bytes")
    assert late.outcome.reason == "older_version"
    assert world.holders() == {(asset_of("bytes"), "instagram/a")}


def test_new_bytes_move_the_video_and_its_old_points_go(world: World) -> None:
    world.gold(world.messages.send("a", version=1), "old bytes")
    world.gold(world.messages.send("a", version=2), "new bytes", kept=2)
    assert world.holders() == {(asset_of("new bytes"), "instagram/a")}
    assert world.index.count(MODEL) == 2
    assert world.catalog.retractions(("instagram", "a")) == []


def test_moving_leaves_the_points_to_the_other_holder(world: World) -> None:
    world.gold(world.messages.send("a", version=1), "shared")
    world.gold(world.messages.send("b", version=1), "shared")
    world.gold(world.messages.send("a", version=2), "own")
    assert world.holders() == {(asset_of("shared"), "instagram/b"), (asset_of("own"), "instagram/a")}


def test_moving_there_and_back_finds_the_points_again(world: World) -> None:
    for version, content in enumerate(["first", "second", "first"], start=1):
        assert world.gold(world.messages.send("a", version=version), content).frame_count == 4
    assert world.holders() == {(asset_of("first"), "instagram/a")}
    assert world.index.count(MODEL) == 3


def test_other_settings_are_other_work(world: World) -> None:
    world.gold(world.messages.send("a", version=1), "bytes")
    moved = world.gold(world.messages.send("a", version=2), "bytes", settings_hash="f" * 16)
    assert moved.outcome.kind == "done"
    assert world.index.count(MODEL) == 3
    assert world.index.count(MODEL, world.silver("bytes").work) == 0


def test_video_without_frames_is_done(world: World) -> None:
    gold = world.gold(world.messages.send("a"), "black", kept=0)
    assert (gold.outcome.kind, gold.point_count, gold.frame_count) == ("done", 0, 0)


def test_older_attempt_writes_nothing(world: World) -> None:
    zombie = world.messages.send("a")
    newer = world.messages.next_attempt(zombie)
    assert world.gold(zombie, "bytes").outcome is None
    assert not world.catalog.record_outcome(zombie, Outcome(kind="failed", reason="x", detail="y"))
    assert world.messages.outcome(newer) is None
    assert world.holders() == set()
    assert world.gold(newer, "bytes").outcome == Outcome(kind="done")


def test_attempt_that_is_overtaken_after_its_claim_writes_no_row(world: World) -> None:
    zombie = world.messages.send("a")
    silver = world.silver("bytes")
    claim = world.catalog.claim_points(zombie, bronze_of("bytes"), silver.work)
    newer = world.messages.next_attempt(zombie)
    settled = world.catalog.settle(world.refined(zombie, "bytes"), claim, [])
    assert settled.outcome is None
    assert world.messages.outcome(newer) is None
    assert world.catalog.live_works([("instagram", "a")]) == {}


def test_message_that_is_gone_writes_nothing(world: World) -> None:
    known = world.messages.send("a")
    gone = known.model_copy(update={"message_id": uuid.uuid4()})
    assert world.gold(gone, "bytes").outcome is None
    assert world.holders() == set()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("die_at", [1, 2, 3])
def test_killed_between_any_two_writes_and_run_again(
    world: World, index: MemoryVectorIndex, die_at: int, after: bool
) -> None:
    """Writes 1 and 2 are the new points, 3 the old ones that lose the video."""
    world.gold(world.messages.send("a", version=1), "old bytes")
    claimed = world.messages.send("a", version=2)
    with pytest.raises(Crash):
        world.gold(claimed, "new bytes", index=CrashingIndex(index, die_at, after))
    world.gold(world.messages.next_attempt(claimed) if die_at < 3 else claimed, "new bytes")
    assert world.messages.outcome(claimed) == Outcome(kind="done")
    assert world.holders() == {(asset_of("new bytes"), "instagram/a")}
    assert world.index.count(MODEL) == 3


def test_killed_older_message_takes_its_points_back(world: World, index: MemoryVectorIndex) -> None:
    old = world.messages.send("a", version=1)
    with pytest.raises(Crash):
        world.gold(old, "old bytes", index=CrashingIndex(index, 2, True))
    assert world.index.count(MODEL) == 3
    world.gold(world.messages.send("a", version=2), "new bytes")
    assert world.gold(old, "old bytes").outcome.reason == "older_version"
    assert world.holders() == {(asset_of("new bytes"), "instagram/a")}


def test_newer_message_on_its_way_keeps_its_points_when_an_older_one_ends_first(world: World) -> None:
    older, newer = world.messages.send("a", version=1), world.messages.send("a", version=2)
    silver = world.silver("new bytes")
    claim = world.catalog.claim_points(newer, bronze_of("new bytes"), silver.work)
    world.gold(older, "old bytes")
    parts = [world.frame_table.rows(key) for key in silver.part_keys]
    assert claim.verdict == "write"
    settled = world.catalog.settle(world.refined(newer, "new bytes"), claim, parts)
    assert settled.outcome.kind == "done"
    works = [retraction.work for retraction in world.catalog.retractions(("instagram", "a"))]
    assert works == [world.silver("old bytes").work]


def test_vector_store_that_is_away_leaves_the_video_unsettled(world: World) -> None:
    class Away(MemoryVectorIndex):
        def upsert(self, model: str, points: Sequence[Point], generation: int) -> None:
            raise VectorStoreUnavailable("Qdrant cannot be reached")

    claimed = world.messages.send("a")
    with pytest.raises(VectorStoreUnavailable):
        world.gold(claimed, "bytes", index=Away())
    assert world.messages.outcome(claimed) is None
    assert world.catalog.live_works([("instagram", "a")]) == {}


def test_late_writer_with_a_lower_generation_changes_nothing(world: World, index: MemoryVectorIndex) -> None:
    slow = world.messages.send("a")
    work = world.silver("bytes").work
    claim = world.catalog.claim_points(slow, bronze_of("bytes"), work)
    world.gold(world.messages.send("b"), "bytes")
    frame = world.frame_table.rows(world.silver("bytes").part_keys[0])[0]
    payload = {**work.model_dump(), "video_ids": list(claim.holders), "platform": ["instagram"]}
    payload |= {"timestamp_s": 0.0, "frame_key": frame.frame_key}
    index.upsert(MODEL, [Point(frame.point_id, frame.vector, payload)], claim.generation)
    hits = world.index.search(MODEL, frame.vector, 100)
    assert [hit.video_id for hit in hits].count("b") == 3


def test_collection_that_is_gone_holds_nobody_back(world: World, index: MemoryVectorIndex) -> None:
    """The old model was given up and its collection deleted; its videos still move on."""
    world.gold(world.messages.send("a", version=1), "old bytes")
    index._collections.clear()
    assert world.gold(world.messages.send("a", version=2), "new bytes").outcome.kind == "done"
    assert world.catalog.retractions(("instagram", "a")) == []


def test_report_of_the_batch_has_figures_of_what_the_video_shows_now(world: World) -> None:
    """A version that another one of the same batch replaced has none any more."""
    reports: list[BatchReport] = []

    def keep(report: BatchReport) -> tuple[Mail, ...]:
        reports.append(report)
        return ()

    world.catalog._compose = keep
    batch_id = uuid.uuid4()
    old, new, same = (world.messages.send("a", version=n, batch_id=batch_id) for n in (1, 2, 3))
    bad = world.messages.send("b", batch_id=batch_id)
    world.gold(old, "old bytes")
    world.gold(new, "new bytes", kept=2)
    world.gold(same, "new bytes", kept=2)
    world.catalog.record_outcome(bad, Outcome(kind="quarantined", reason="truncated"))
    [report] = reports
    figures = [(video.label, video.outcome.kind, video.figures) for video in report.videos]
    assert figures == [
        ("instagram/a", "done", None),
        ("instagram/a", "done", VideoFigures(5.0, 64, 48, 3, 2, 0.5)),
        ("instagram/a", "duplicate", None),
        ("instagram/b", "quarantined", None),
    ]
