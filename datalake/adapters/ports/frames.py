"""The rows that silver writes about frames, and their reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from datalake.adapters.ports.embedding import Label, Vector

Numbers = npt.NDArray[np.float64]


class ContentBox(NamedTuple):
    """The part of an upright frame that its image shows if cropped, else that without black bars, pixels."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True)
class PictureScores:
    """The raw scores of one frame; `difference` is None for the first frame of a window."""

    blur: float
    brightness: float
    contrast: float
    blank_share: float
    difference: float | None


@dataclass(frozen=True, kw_only=True)
class FrameRow(PictureScores):
    """One row of a silver Parquet part: a frame that was looked at.

    A near-duplicate names the kept frame that stands for it (`duplicate_of_us`) and has no point,
    no image and no vector of its own.
    """

    asset_id: str
    settings_hash: str
    pipeline_version: str
    time_us: int
    pts: int
    point_id: UUID | None
    frame_key: str | None
    sha256: str | None
    width_px: int
    height_px: int
    content_box: ContentBox
    phash: str
    duplicate_of_us: int | None
    labels: tuple[Label, ...] = ()
    vector: Vector | None = field(default=None, repr=False)

    def values(self) -> dict[str, Any]:
        """The row as single values: the box by its sides (`box_left_px` ...), without labels and vector."""
        row = {name: value for name, value in vars(self).items() if name not in ("labels", "vector")}
        sides: dict[str, int] = row.pop("content_box")._asdict()
        return row | {f"box_{side}": length_px for side, length_px in sides.items()}


class FrameTable(ABC):
    """Reads the frame rows that silver wrote.

    All methods raise StoreUnavailable when the lake cannot be read.
    """

    @abstractmethod
    def columns(self, part_key: str, names: Collection[str]) -> Mapping[str, Numbers]:
        """Numbers of one part by column, one value a row, in time order; NaN where a row has none.

        Args:
            part_key: which part.
            names: columns of numbers, as in `FrameRow.values`; no other bytes are read.
        """

    @abstractmethod
    def scores(self, part_key: str) -> Sequence[FrameRow]:
        """The rows of one part, in time order, without vectors and labels: cheap for a whole video."""

    @abstractmethod
    def rows(self, part_key: str) -> Sequence[FrameRow]:
        """The rows of one part, in time order, vectors included."""
