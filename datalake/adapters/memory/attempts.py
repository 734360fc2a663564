"""Attempts at videos in a list, and known contents in a dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from datalake.adapters.ports import AttemptLog, EarlierTries, FileLayer, KnownBytes, KnownContent
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

    def begin(self, layer: FileLayer, video: ClaimedVideo, is_alone: bool) -> VideoProgress | None:
        """As the port says."""
        known = self.tries.get(video.message_id, EarlierTries()).progress
        if known is None:
            self.begun.append((video.message_id, is_alone))
        return known

    def end(self, layer: FileLayer, video: ClaimedVideo, progress: VideoProgress | None) -> None:
        """As the port says."""
        self.ended[video.message_id] = progress


class MemoryKnownContent(KnownContent):
    """Put what is known into `known`, by asset and rules."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], KnownBytes] = {}

    def find(self, asset_id: str, rules_hash: str) -> KnownBytes | None:
        """As the port says."""
        return self.known.get((asset_id, rules_hash))
