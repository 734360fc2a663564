"""Frame rows as silver would have stored them, for what works on rows only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from datalake.adapters.memory.catalog import MemoryFrameTable
from datalake.adapters.ports import FrameRow
from datalake.silver_layer.decisions import FrameScores, frame_scores
from tests.datalake.silver_layer.records import silver_video
from tests.rows import row


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
