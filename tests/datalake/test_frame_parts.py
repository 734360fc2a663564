from __future__ import annotations

import io
from dataclasses import fields, replace
from typing import BinaryIO
from uuid import UUID

import numpy as np
import pyarrow.parquet as pq

from datalake.adapters.frame_table import ParquetFrameTable
from datalake.adapters.memory.catalog import MemoryFrameTable
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.ports import ContentBox, FrameRow, Label
from datalake.frame_parts import (
    frame_schema,
    frame_table,
    part_bytes,
    read_columns,
    read_frames,
    read_metadata,
    read_scores,
)
from tests.rows import row

DIM = 3
METADATA = {"asset_id": "a" * 64, "frame_count": "3"}


def stored_row(time_us: int, vector: list[float] | None) -> FrameRow:
    """Kept if it has a vector, else a repeat of the first frame; it differs from the one before by 1.5."""
    seen: dict[str, object] = {"frame_key": None, "sha256": None, "duplicate_of_us": 0}
    if vector is not None:
        labels = (Label("tench", 0.5),)
        seen = {"point_id": UUID(int=time_us), "labels": labels, "vector": np.array(vector, np.float32)}
    measured = {
        "width_px": 640,
        "height_px": 360,
        "difference": 1.5 if time_us else None,
        "blank_share": 0.25,  # exact in 32 bits
    }
    box = ContentBox(0, 40, 640, 280)
    return row(time_us, pts=time_us // 10, content_box=box, **measured, **seen)


ROWS = [stored_row(0, [1, 0, 0]), stored_row(1_000_000, None), stored_row(2_000_000, [0, 0, 1])]


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


class ReadLake(MemoryLake):
    """Counts the bytes that are really read."""

    read_bytes_count = 0

    def open(self, key: str) -> BinaryIO:
        lake, inner = self, super().open(key)

        class Counted(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def seekable(self) -> bool:
                return True

            def seek(self, offset: int, whence: int = 0) -> int:
                return inner.seek(offset, whence)

            def tell(self) -> int:
                return inner.tell()

            def readinto(self, buffer: memoryview) -> int:
                count = inner.readinto(buffer)
                lake.read_bytes_count += count
                return count

        return Counted()


def test_scores_are_the_rows_without_vectors_and_labels() -> None:
    plain = [replace(each, vector=None, labels=()) for each in ROWS]
    assert comparable(read_scores(stored(ROWS), "part")) == comparable(plain)
    assert comparable(ParquetFrameTable(stored(ROWS)).scores("part")) == comparable(plain)
    assert comparable(ParquetFrameTable(stored(ROWS)).rows("part")) == comparable(ROWS)


def test_every_field_of_a_row_is_a_column_and_no_other() -> None:
    assert set(frame_schema(DIM).names) == {field.name for field in fields(FrameRow)}


def test_columns_of_numbers_are_those_of_the_rows() -> None:
    expected = {
        "time_us": [0.0, 1e6, 2e6],
        "difference": [None, 1.5, 1.5],
        "duplicate_of_us": [None, 0.0, None],
        "box_height_px": [280.0] * 3,
    }
    fake = MemoryFrameTable()
    fake.parts["part"] = ROWS
    for table in (ParquetFrameTable(stored(ROWS)), fake):
        found = table.columns("part", expected)
        assert {name: column.dtype for name, column in found.items()} == dict.fromkeys(expected, np.float64)
        shown = {name: [None if np.isnan(x) else x for x in column] for name, column in found.items()}
        assert shown == expected


def test_a_column_without_a_value_and_one_without_a_row_are_columns() -> None:
    names = ("difference", "duplicate_of_us")
    for column in read_columns(stored(ROWS[:1]), "part", names).values():
        assert np.isnan(column).tolist() == [True]
    for column in read_columns(stored([]), "part", names).values():
        assert column.tolist() == []


def test_scores_do_not_read_the_bytes_of_vectors() -> None:
    rng, dim = np.random.default_rng(0), 512
    rows = [replace(stored_row(time_us, []), vector=rng.random(dim, np.float32)) for time_us in range(100)]
    lake = ReadLake()
    lake.put_bytes("part", part_bytes(frame_table(rows, dim, METADATA)))
    assert len(read_scores(lake, "part")) == 100
    by_scores = lake.read_bytes_count
    assert read_columns(lake, "part", ["blur", "box_width_px"])["blur"].tolist() == [300.0] * 100
    assert max(by_scores, lake.read_bytes_count - by_scores) < 100 * dim * 4 / 2


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
        "sha256",
        "difference",
        "duplicate_of_us",
        "vector",
    ]
