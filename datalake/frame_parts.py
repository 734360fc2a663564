"""Silver's Parquet parts: one schema, a pure codec, and its reader.

A part holds the frames of one window, one row a frame, in time order. Its key/value metadata says whose it
is and sums it up, so that a part can be judged from its footer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datalake.adapters.ports import ContentBox, FrameRow, Label, Lake, Numbers, Vector


def _column(name: str, kind: pa.DataType, description: str, is_nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=is_nullable, metadata={"description": description})


_optional = partial(_column, is_nullable=True)
_BOX = pa.struct([pa.field(side, pa.int32(), nullable=False) for side in ContentBox._fields])
_LABEL = pa.struct([pa.field("name", pa.string()), pa.field("score", pa.float32())])
# all columns but the vector, whose length the model says
_COLUMNS = (
    _column("asset_id", pa.string(), "SHA-256 of the video's bytes, hex."),
    _column("settings_hash", pa.string(), "Hash over all settings that change this row, 16 hex digits."),
    _column("pipeline_version", pa.string(), "Version of the code that made this row."),
    _column("time_us", pa.int64(), "Presentation time from the start of the video, microseconds."),
    _column("pts", pa.int64(), "Presentation time stamp in the stream's time base."),
    _optional("point_id", pa.string(), "Id of the point in the vector index; null for near-duplicates."),
    _optional("frame_key", pa.string(), "Lake key of the JPEG; null for near-duplicates."),
    _optional("sha256", pa.string(), "SHA-256 of the JPEG's bytes, hex; null for near-duplicates."),
    _column("width_px", pa.int32(), "Width of the decoded frame, upright."),
    _column("height_px", pa.int32(), "Height of the decoded frame, upright."),
    _column(
        "content_box",
        _BOX,
        "The part of the frame that its image shows if cropped, else the part without black bars; pixels.",
    ),
    _column("blur", pa.float64(), "Variance of the Laplacian of the luma; low is blurred."),
    _column("brightness", pa.float64(), "Mean luma, 0 to 255."),
    _column("contrast", pa.float64(), "Standard deviation of the luma, 0 to 127.5."),
    _column(
        "blank_share",
        pa.float64(),
        "Share of pixels, 0 to 1, that one shade of grey has, give or take four of 256 levels.",
    ),
    _optional(
        "difference",
        pa.float64(),
        "Mean absolute luma difference to the frame before, 0 to 255; null for a window's first.",
    ),
    _column("phash", pa.string(), "64-bit perceptual hash, 16 hex digits."),
    _optional(
        "duplicate_of_us",
        pa.int64(),
        "time_us of the kept frame that stands for this one; null for kept frames.",
    ),
    _column("labels", pa.list_(_LABEL), "Class names with scores, best first."),
)
_CHEAP = [column.name for column in _COLUMNS if column.name != "labels"]


def frame_schema(vector_dim: int) -> pa.Schema:
    """Schema of a part: the fields of `FrameRow`; every column carries its description.

    Args:
        vector_dim: length of a vector.
    """
    vector = pa.list_(pa.float32(), vector_dim)
    words = "L2-normalised embedding; null for near-duplicates."
    return pa.schema([*_COLUMNS, _optional("vector", vector, words)])


def frame_table(rows: Sequence[FrameRow], vector_dim: int, metadata: Mapping[str, str]) -> pa.Table:
    """Rows as a table of `frame_schema`, with key/value metadata."""
    schema = frame_schema(vector_dim).with_metadata(dict(metadata))
    return pa.Table.from_pylist([_record(row) for row in rows], schema=schema)


def part_bytes(table: pa.Table) -> bytes:
    """The table as a Parquet file; the same table gives the same bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def read_frames(lake: Lake, key: str) -> list[FrameRow]:
    """The rows of one part, in time order, vectors included.

    Raises:
        StoreUnavailable: the lake cannot be read.
    """
    with lake.open(key) as file:
        table = pq.read_table(file)
    vectors = iter(_vectors(table.column("vector").combine_chunks()))
    return [_row(record, vectors) for record in table.drop_columns(["vector"]).to_pylist()]


def read_scores(lake: Lake, key: str) -> list[FrameRow]:
    """The rows of one part, in time order, without vectors and labels, whose bytes are not read.

    Raises:
        StoreUnavailable: the lake cannot be read.
    """
    with lake.open(key) as file:
        table = pq.read_table(file, columns=_CHEAP)
    return [_row({**record, "labels": ()}) for record in table.to_pylist()]


def read_columns(lake: Lake, key: str, names: Collection[str]) -> dict[str, Numbers]:
    """Columns of numbers of one part, as `FrameTable.columns` says.

    Raises:
        StoreUnavailable: the lake cannot be read.
    """
    paths = {_path(name): name for name in names}
    with lake.open(key) as file:
        table = pq.ParquetFile(file).read(columns=list(paths)).flatten()
    return {name: np.asarray(table.column(path), np.float64) for path, name in paths.items()}


def read_metadata(lake: Lake, key: str) -> dict[str, str]:
    """Key/value metadata of one part; reads the footer only."""
    with lake.open(key) as file:
        pairs = pq.read_schema(file).metadata or {}
    return {name.decode(): value.decode() for name, value in pairs.items()}


def _record(row: FrameRow) -> dict[str, object]:
    return {
        **vars(row),
        "point_id": None if row.point_id is None else str(row.point_id),
        "content_box": row.content_box._asdict(),
        "labels": [vars(label) for label in row.labels],
    }


def _path(name: str) -> str:
    """Where a part has a column of `FrameRow.values`: the sides of the box are in a struct."""
    return f"content_box.{name.removeprefix('box_')}" if name.startswith("box_") else name


def _vectors(column: pa.FixedSizeListArray) -> Vector:
    """The vectors that are not null, (rows, dim)."""
    return np.asarray(column.flatten(), dtype=np.float32).reshape(-1, column.type.list_size)


def _row(record: dict[str, Any], vectors: Iterator[Vector] | None = None) -> FrameRow:
    point_id, labels = record.pop("point_id"), record.pop("labels")
    return FrameRow(
        **{**record, "content_box": ContentBox(**record["content_box"])},
        point_id=None if point_id is None else UUID(point_id),
        labels=tuple(Label(**label) for label in labels),
        vector=None if vectors is None or point_id is None else next(vectors),
    )
