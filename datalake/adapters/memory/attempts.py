"""Attempts at videos in a list, and known contents in a dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from datalake.adapters.ports import AttemptLog, EarlierTries, FileLayer, KnownContent, Probe
from datalake.contracts import ClaimedVideo, VideoProgress


class MemoryAttemptLog(AttemptLog):
    """Put what earlier processes left into `tries`, and messages that have ended into `closed`."""

    def __init__(self) -> None:
        self.tries: dict[UUID, EarlierTries] = {}
        self.closed: set[UUID] = set()
        self.begun: list[tuple[UUID, bool]] = []
        self.ended: dict[UUID, VideoProgress | None] = {}

    def still_open(self, videos: Sequence[ClaimedVideo]) -> set[UUID]:
        """As the port says."""
        return {video.message_id for video in videos} - self.closed

    def earlier(self, layer: FileLayer, videos: Sequence[ClaimedVideo]) -> Mapping[UUID, EarlierTries]:
        """As the port says."""
        ids = {video.message_id for video in videos}
        return {message_id: tries for message_id, tries in self.tries.items() if message_id in ids}

    def begin(self, layer: FileLayer, video: ClaimedVideo, is_alone: bool) -> None:
        """As the port says."""
        self.begun.append((video.message_id, is_alone))

    def end(self, layer: FileLayer, video: ClaimedVideo, progress: VideoProgress | None) -> None:
        """As the port says."""
        self.ended[video.message_id] = progress


class MemoryKnownContent(KnownContent):
    """Put what is known into `probes`, by asset and rules."""

    def __init__(self) -> None:
        self.probes: dict[tuple[str, str], Probe] = {}

    def probe(self, asset_id: str, rules_hash: str) -> Probe | None:
        """As the port says."""
        return self.probes.get((asset_id, rules_hash))
