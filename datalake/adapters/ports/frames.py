"""The rows that silver writes about frames, and their reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from datalake.adapters.ports.embedding import Label, Vector


class ContentBox(NamedTuple):
    """The picture without black bars, in pixels of the decoded, upright frame."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True)
class FrameRow:
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
    blur: float
    brightness: float
    contrast: float
    blank_share: float
    difference: float | None
    phash: str
    duplicate_of_us: int | None
    labels: tuple[Label, ...] = ()
    vector: Vector | None = field(default=None, repr=False)


class FrameTable(ABC):
    """Reads the frame rows that silver wrote.

    Both methods raise StoreUnavailable when the lake cannot be read.
    """

    @abstractmethod
    def scores(self, part_key: str) -> Sequence[FrameRow]:
        """The rows of one part, in time order, without vectors and labels: cheap for a whole video."""

    @abstractmethod
    def rows(self, part_key: str) -> Sequence[FrameRow]:
        """The rows of one part, in time order, vectors included."""
