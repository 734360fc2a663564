"""Frame rows as silver would have stored them, for what works on rows only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from datalake.adapters.memory.catalog import MemoryFrameTable
from datalake.adapters.ports import ContentBox, FrameRow
from datalake.silver_layer.decisions import FrameScores, frame_scores
from tests.datalake.silver_layer.records import ASSET_ID, silver_video


def row(time_us: int, **changes: Any) -> FrameRow:
    """A good frame, except for the changes."""
    good = {
        "asset_id": ASSET_ID,
        "settings_hash": "0123456789abcdef",
        "pipeline_version": "2",
        "pts": time_us,
        "point_id": None,
        "frame_key": f"silver/images/{time_us}.jpg",
        "sha256": "cd" * 32,
        "width_px": 320,
        "height_px": 240,
        "content_box": ContentBox(0, 0, 320, 240),
        "blur": 300.0,
        "brightness": 120.0,
        "contrast": 40.0,
        "blank_share": 0.1,
        "difference": 5.0,
        "phash": "0" * 16,
        "duplicate_of_us": None,
    }
    return FrameRow(time_us=time_us, **{**good, **changes})


def rows(count: int, **changes: Any) -> list[FrameRow]:
    """So many frames, one a second; nothing was there to compare the first with."""
    first = {"difference": None} | changes
    return [row(second * 1_000_000, **(changes if second else first)) for second in range(count)]


def stored(*parts: Sequence[FrameRow]) -> MemoryFrameTable:
    """The rows by part: `part-0` and so on."""
    table = MemoryFrameTable()
    table.parts = {f"part-{number}": part for number, part in enumerate(parts)}
    return table


def scores(*parts: Sequence[FrameRow]) -> FrameScores:
    """What the rows hold, as the nodes get it."""
    table = stored(*parts)
    return frame_scores(silver_video(part_keys=tuple(table.parts)), table)


def flags(*values: bool) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """True and False, as the nodes get them."""
    return np.array(values, np.bool_)
