from __future__ import annotations

from uuid import UUID

import numpy as np
import pyarrow.parquet as pq

from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import FrameRow, Label
from datalake.frame_parts import frame_table, part_bytes, read_frames, read_metadata

DIM = 3
METADATA = {"asset_id": "a" * 64, "frame_count": "3"}


def row(time_us: int, vector: list[float] | None) -> FrameRow:
    kept = vector is not None
    return FrameRow(
        time_us=time_us,
        pts=time_us // 10,
        point_id=UUID(int=time_us) if kept else None,
        frame_key=f"{time_us}.jpg" if kept else None,
        width_px=640,
        height_px=360,
        blur=12.5,
        brightness=99.25,
        phash="00ff" * 4,
        duplicate_of_us=None if kept else 0,
        labels=(Label("tench", 0.5),) if kept else (),
        vector=None if vector is None else np.array(vector, np.float32),
    )


ROWS = [row(0, [1, 0, 0]), row(1_000_000, None), row(2_000_000, [0, 0, 1])]


def stored(rows: list[FrameRow]) -> MemoryLake:
    lake = MemoryLake()
    lake.put_bytes("part", part_bytes(frame_table(rows, DIM, METADATA)))
    return lake


def comparable(rows: list[FrameRow]) -> list[dict[str, object]]:
    return [
        {**each.__dict__, "vector": None if each.vector is None else each.vector.tolist()} for each in rows
    ]


def test_rows_come_back_as_they_were() -> None:
    assert comparable(read_frames(stored(ROWS), "part")) == comparable(ROWS)


def test_a_part_of_duplicates_or_of_nothing_comes_back() -> None:
    assert comparable(read_frames(stored(ROWS[1:2]), "part")) == comparable(ROWS[1:2])
    assert read_frames(stored([]), "part") == []


def test_metadata_comes_from_the_footer() -> None:
    assert read_metadata(stored(ROWS), "part").items() >= METADATA.items()


def test_equal_rows_are_equal_bytes() -> None:
    first, second = (part_bytes(frame_table(ROWS, DIM, METADATA)) for _ in range(2))
    assert first == second


def test_other_tools_see_described_columns_and_fixed_size_vectors() -> None:
    schema = pq.read_schema(stored(ROWS).open("part"))
    assert str(schema.field("vector").type) == f"fixed_size_list<element: float>[{DIM}]"
    assert all(field.metadata[b"description"] for field in schema)
    assert [field.name for field in schema if field.nullable] == [
        "point_id",
        "frame_key",
        "duplicate_of_us",
        "vector",
    ]
