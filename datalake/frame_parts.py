"""Silver's Parquet parts: one schema, a pure codec, and its reader.

A part holds the frames of one window, one row a frame, in time order. Its key/value metadata says whose it
is and sums it up, so that a part can be judged from its footer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datalake.adapters.ports import ContentBox, FrameRow, Label, Lake, Vector

__all__ = [
    "FrameRow",
    "frame_schema",
    "frame_table",
    "part_bytes",
    "read_frames",
    "read_metadata",
    "read_scores",
]

_COLUMNS = {
    "asset_id": "SHA-256 of the video's bytes, hex.",
    "settings_hash": "Hash over all settings that change this row, 16 hex digits.",
    "pipeline_version": "Version of the code that made this row.",
    "time_us": "Presentation time from the start of the video, microseconds.",
    "pts": "Presentation time stamp in the stream's time base.",
    "point_id": "Id of the point in the vector index; null for near-duplicates.",
    "frame_key": "Lake key of the JPEG; null for near-duplicates.",
    "sha256": "SHA-256 of the JPEG's bytes, hex; null for near-duplicates.",
    "width_px": "Width of the decoded frame, upright.",
    "height_px": "Height of the decoded frame, upright.",
    "content_box": "The frame without black bars, pixels of the decoded frame.",
    "blur": "Variance of the Laplacian of the luma; low is blurred.",
    "brightness": "Mean luma, 0 to 255.",
    "contrast": "Standard deviation of the luma, 0 to 127.5.",
    "blank_share": "Share of pixels, 0 to 1, that one shade of grey has, give or take four of 256 levels.",
    "difference": "Mean absolute luma difference to the frame before, 0 to 255; null for a window's first.",
    "phash": "64-bit perceptual hash, 16 hex digits.",
    "duplicate_of_us": "time_us of the kept frame that stands for this one; null for kept frames.",
    "labels": "Class names with scores, best first.",
    "vector": "L2-normalised embedding; null for near-duplicates.",
}
_COSTLY = ("labels", "vector")


def frame_schema(vector_dim: int) -> pa.Schema:
    """Schema of a part; every column carries its description.

    Args:
        vector_dim: length of a vector.
    """
    label = pa.struct([pa.field("name", pa.string()), pa.field("score", pa.float32())])
    box = pa.struct([pa.field(side, pa.int32(), nullable=False) for side in ContentBox._fields])
    types: dict[str, pa.DataType] = {
        "asset_id": pa.string(),
        "settings_hash": pa.string(),
        "pipeline_version": pa.string(),
        "time_us": pa.int64(),
        "pts": pa.int64(),
        "point_id": pa.string(),
        "frame_key": pa.string(),
        "sha256": pa.string(),
        "width_px": pa.int32(),
        "height_px": pa.int32(),
        "content_box": box,
        "blur": pa.float64(),
        "brightness": pa.float64(),
        "contrast": pa.float64(),
        "blank_share": pa.float64(),
        "difference": pa.float64(),
        "phash": pa.string(),
        "duplicate_of_us": pa.int64(),
        "labels": pa.list_(label),
        "vector": pa.list_(pa.float32(), vector_dim),
    }
    nullable = {"point_id", "frame_key", "sha256", "difference", "duplicate_of_us", "vector"}
    return pa.schema(
        [
            pa.field(name, kind, nullable=name in nullable, metadata={"description": _COLUMNS[name]})
            for name, kind in types.items()
        ]
    )


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
    cheap = [name for name in _COLUMNS if name not in _COSTLY]
    with lake.open(key) as file:
        table = pq.read_table(file, columns=cheap)
    return [_row({**record, "labels": ()}) for record in table.to_pylist()]


def read_metadata(lake: Lake, key: str) -> dict[str, str]:
    """Key/value metadata of one part; reads the footer only."""
    with lake.open(key) as file:
        pairs = pq.read_schema(file).metadata or {}
    return {name.decode(): value.decode() for name, value in pairs.items()}


def _record(row: FrameRow) -> dict[str, object]:
    record: dict[str, object] = {name: getattr(row, name) for name in _COLUMNS}
    record["point_id"] = None if row.point_id is None else str(row.point_id)
    record["content_box"] = row.content_box._asdict()
    record["labels"] = [{"name": label.name, "score": label.score} for label in row.labels]
    return record


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
