"""What is about another video never gets into the tables or the index."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from datalake import chunks
from datalake.adapters.memory.catalog import MemoryFrameTable
from datalake.contracts import Derivatives, Outcome, RefinedVideo, VideoProgress
from datalake.errors import ForeignData
from datalake.gold_layer.rows import settlement

from .conftest import World
from .examples import assessment_of, asset_of, derivative_of

OTHER = asset_of("other bytes")


def foreign(video: RefinedVideo) -> dict[str, RefinedVideo]:
    """The video with one part at a time of another one."""
    work = video.silver.work.model_copy(update={"asset_id": OTHER})

    def holding(**other: Any) -> dict[str, Any]:
        items = (derivative_of(video.silver, **other),)
        return {"derivatives": Derivatives(asset_id=video.bronze.asset_id, items=items)}

    parts: dict[str, dict[str, Any]] = {
        "silver's work": {"silver": video.silver.model_copy(update={"work": work})},
        "assessment": {"assessment": assessment_of("other bytes")},
        "derivatives": {"derivatives": Derivatives(asset_id=OTHER)},
        "poster": holding(asset_id=OTHER),
        "settings_hash": holding(settings_hash="f" * 16),
        "elsewhere/part": {"silver": video.silver.model_copy(update={"part_keys": ("elsewhere/part",)})},
        "elsewhere.json": {"silver": video.silver.model_copy(update={"manifest_key": "elsewhere.json"})},
    }
    return {name: video.model_copy(update=update) for name, update in parts.items()}


def test_parts_of_one_video_become_its_record(world: World) -> None:
    video = world.refined(world.messages.send("a"), "bytes")
    made = derivative_of(video.silver)
    video = video.model_copy(
        update={"derivatives": Derivatives(asset_id=video.bronze.asset_id, items=(made,))}
    )
    assert world.gold_of(video).outcome.kind == "done"


def test_foreign_part_ends_the_video_before_anything_is_written(world: World) -> None:
    claimed = world.messages.send("a")
    for name, video in foreign(world.refined(claimed, "bytes")).items():
        with pytest.raises(ForeignData, match="instagram/a") as caught:
            world.gold_of(video)
        assert name in str(caught.value)
    assert world.messages.outcome(claimed) is None
    assert world.holders() == set()


def test_foreign_row_settles_nothing(world: World) -> None:
    claimed = world.messages.send("a")
    video = world.refined(claimed, "bytes")
    assert isinstance(world.frame_table, MemoryFrameTable)
    parts = world.frame_table.parts
    key = video.silver.part_keys[1]
    parts[key] = [replace(row, asset_id=OTHER) for row in parts[key]]
    with pytest.raises(ForeignData, match=key):
        world.gold_of(video)
    assert world.messages.outcome(claimed) is None
    assert world.catalog.live_works([("instagram", "a")]) == {}


def test_rows_are_looked_at_once_more_when_they_are_settled(world: World) -> None:
    """The parts could have been replaced since the points were written."""
    claimed = world.messages.send("a")
    video = world.refined(claimed, "bytes")
    claim = world.catalog.claim_points(claimed, video.bronze, video.silver.work)
    others = world.refined(claimed, "other bytes").silver.part_keys
    silver = video.silver.model_copy(update={"part_keys": others})
    with pytest.raises(ForeignData):
        settlement(video.model_copy(update={"silver": silver}), claim, 0, world.frame_table, world.catalog)
    assert world.messages.outcome(claimed) is None


def test_foreign_data_is_an_error_of_our_code_and_ends_its_video_only(world: World) -> None:
    batch_id = uuid.uuid4()
    claimed = [world.messages.send(name, batch_id=batch_id) for name in ("good", "bad")]

    def step(video: VideoProgress) -> VideoProgress:
        refined = world.refined(video.claimed, "bytes")
        if video.claimed is claimed[1]:
            refined = foreign(refined)["assessment"]
        return video.model_copy(update={"outcome": world.gold_of(refined).outcome})

    [chunk] = chunks.split(claimed, 2)
    good, bad = chunks.run(chunk, step, at_once=1).videos
    assert (good.outcome, good.error) == (Outcome(kind="done"), None)
    assert bad.outcome is None
    assert "ForeignData" in (bad.error or "")
