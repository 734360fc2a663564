"""Who is at which video, and what is known of bytes that were looked at before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from datalake.adapters.ports.media import Probe
from datalake.contracts import ClaimedVideo, VideoProgress

FileLayer = Literal["bronze", "silver"]  # the layers that open the file


@dataclass(frozen=True)
class EarlierTries:
    """What earlier processes of a task left of one video.

    Args:
        progress: the video as the layer left it in this attempt of its batch; None: it did not get through.
        deaths: processes that ended with the video in flight, since one was last through with it.
        deaths_alone: those among them that had no other video in flight.
    """

    progress: VideoProgress | None = None
    deaths: int = 0
    deaths_alone: int = 0


class AttemptLog(ABC):
    """Which videos are in flight in this task process; every method is one transaction.

    All methods raise DatabaseUnavailable when the database is away.
    """

    @abstractmethod
    def still_open(self, videos: Sequence[ClaimedVideo]) -> set[UUID]:
        """Messages among these that wait for their outcome and belong to the attempt named with them."""

    @abstractmethod
    def earlier(self, layer: FileLayer, videos: Sequence[ClaimedVideo]) -> Mapping[UUID, EarlierTries]:
        """What other processes left of these videos, by message; those that nobody tried are left out."""

    @abstractmethod
    def begin(self, layer: FileLayer, video: ClaimedVideo, is_alone: bool) -> VideoProgress | None:
        """Write down that the video's file is about to be opened, unless another process got it through.

        Such a process was taken for dead and lives: it lost Airflow or the database for a while.

        Args:
            layer: that opens it.
            video: whose file.
            is_alone: this process has no other video in flight.

        Returns:
            The video as the other process got it through in this attempt of its batch; None: go on.
        """

    @abstractmethod
    def end(self, layer: FileLayer, video: ClaimedVideo, progress: VideoProgress | None) -> None:
        """Write down that the process is through with the video; `progress` where the layer is as well."""


@dataclass(frozen=True)
class KnownBytes:
    """What was found out about bytes before.

    Args:
        probe: facts and findings, with what silver noticed if that stopped the video.
        stopped_by: code of the finding that stopped it; None: nothing about the bytes did.
    """

    probe: Probe
    stopped_by: str | None = None


class KnownContent(ABC):
    """What was found out about bytes before; written by the catalog with a message's outcome."""

    @abstractmethod
    def find(self, asset_id: str, rules_hash: str) -> KnownBytes | None:
        """What is known of the same bytes under the same rules; None: nobody has looked yet.

        Args:
            asset_id: SHA-256 of the bytes, hex.
            rules_hash: all that decides what is found, as 16 hex digits.

        Raises:
            DatabaseUnavailable: the database is away.
        """
