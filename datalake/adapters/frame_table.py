"""The frame rows of silver's Parquet parts, as later steps read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from datalake.adapters.ports import FrameRow, FrameTable, Lake, Numbers
from datalake.frame_parts import read_columns, read_frames, read_scores


class ParquetFrameTable(FrameTable):
    """Parts in the lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def columns(self, part_key: str, names: Collection[str]) -> Mapping[str, Numbers]:
        """As the port says."""
        return read_columns(self._lake, part_key, names)

    def scores(self, part_key: str) -> Sequence[FrameRow]:
        """As the port says."""
        return read_scores(self._lake, part_key)

    def rows(self, part_key: str) -> Sequence[FrameRow]:
        """As the port says."""
        return read_frames(self._lake, part_key)
