"""The rows that silver writes about frames, and their reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from datalake.adapters.ports.embedding import Label, Vector


@dataclass(frozen=True)
class FrameRow:
    """One row of a silver Parquet part: a frame that was looked at.

    A near-duplicate names the kept frame that stands for it (`duplicate_of_us`) and has no point,
    no image and no vector of its own.
    """

    time_us: int
    pts: int
    point_id: UUID | None
    frame_key: str | None
    width_px: int
    height_px: int
    blur: float
    brightness: float
    phash: str
    duplicate_of_us: int | None
    labels: tuple[Label, ...] = ()
    vector: Vector | None = field(default=None, repr=False)


class FrameTable(ABC):
    """Reads the frame rows that silver wrote."""

    @abstractmethod
    def rows(self, part_key: str) -> Sequence[FrameRow]:
        """The rows of one part, in time order, vectors included.

        Raises:
            StoreUnavailable: the lake cannot be read.
        """
