from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from datalake.adapters.memory.catalog import MemoryFrameTable
from datalake.adapters.ports import FrameRow
from datalake.common_func import point_id
from datalake.contracts import SilverVideo, WorkIdentity
from datalake.errors import ForeignData
from datalake.gold_layer.belonging import own_parts, refuse_foreign
from tests.rows import row

WORK = WorkIdentity(asset_id="a" * 64, model="m", settings_hash="0123456789abcdef")
PART = f"{WORK.prefix}/frames/part-00000.parquet"
SILVER = SilverVideo(
    work=WORK,
    manifest_key=f"{WORK.prefix}/manifest.json",
    vector_dim=4,
    fingerprint="f",
    frame_count=2,
    kept_count=1,
    part_keys=(PART,),
    pipeline_version="1",
)
KEPT = row(
    500_000,
    asset_id=WORK.asset_id,
    settings_hash=WORK.settings_hash,
    pipeline_version="1",
    point_id=point_id(WORK, 500_000),
)
REPEATED = replace(KEPT, time_us=900_000, point_id=None, frame_key=None, sha256=None, duplicate_of_us=500_000)


def parts_of(*rows: FrameRow) -> list[list[FrameRow]]:
    table = MemoryFrameTable()
    table.parts[PART] = rows
    return [list(part) for part in own_parts(SILVER, table)]


def test_own_rows_pass_as_they_are() -> None:
    assert parts_of(KEPT, REPEATED) == [[KEPT, REPEATED]]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"asset_id": "c" * 64}, "asset_id"),
        ({"settings_hash": "f" * 16}, "settings_hash"),
        ({"pipeline_version": "2"}, "pipeline_version"),
        ({"point_id": UUID(int=7)}, "point_id"),
        ({"time_us": 500_001}, "point_id"),
        ({"point_id": None}, "point_id"),
        ({"duplicate_of_us": 0}, "point_id"),
    ],
)
def test_foreign_row_is_refused_with_its_place(change: dict[str, Any], named: str) -> None:
    foreign = replace(KEPT, **change)
    with pytest.raises(ForeignData, match=named) as caught:
        parts_of(foreign)
    assert f"{PART}, frame at {foreign.time_us} us" in str(caught.value)


def test_rows_before_a_foreign_one_are_not_handed_out() -> None:
    with pytest.raises(ForeignData):
        parts_of(KEPT, replace(KEPT, asset_id="c" * 64))


def test_difference_is_told_in_short() -> None:
    with pytest.raises(ForeignData) as caught:
        refuse_foreign("a/1", {"asset_id": "c" * 64}, {"asset_id": "a" * 64})
    assert str(caught.value) == f"a/1: asset_id is {'c' * 24}... and should be {'a' * 24}..."
