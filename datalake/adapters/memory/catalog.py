"""A catalog in dictionaries, with the rules of the real one; and frame rows in a dictionary."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from datalake.adapters.memory.leases import MemoryLeases
from datalake.adapters.ports import (
    BatchReport,
    Catalog,
    Compose,
    FrameRow,
    FrameTable,
    Mail,
    PointClaim,
    Retraction,
    Settlement,
    VideoKey,
    VideoReport,
)
from datalake.adapters.postgres.versions import CurrentVideo, duplicate, verdict
from datalake.contracts import BronzeVideo, ClaimedVideo, Outcome, SilverVideo, WorkIdentity
from datalake.errors import TransientError


@dataclass(frozen=True)
class _Message:
    claimed: ClaimedVideo
    outcome: Outcome | None = None


@dataclass(frozen=True)
class _Holder:
    version: tuple[int, int, int]
    is_released: bool = False


def _no_mails(_: BatchReport) -> Sequence[Mail]:
    return ()


class MemoryCatalog(MemoryLeases, Catalog):
    """Knows the messages given to `add`; mails of finished batches go to `mails`."""

    def __init__(self, compose: Compose = _no_mails) -> None:
        super().__init__()
        self._compose = compose
        self._messages: dict[UUID, _Message] = {}
        self._generations: dict[str, int] = {}
        self._holders: dict[tuple[VideoKey, WorkIdentity], _Holder] = {}
        self.videos: dict[VideoKey, CurrentVideo] = {}
        self.frames: dict[WorkIdentity, dict[int, FrameRow]] = {}
        self.mails: list[Mail] = []

    def add(self, claimed: ClaimedVideo) -> None:
        """A message that waits for its outcome; the same message again is its next attempt."""
        self._messages[claimed.message_id] = _Message(claimed)

    def outcome(self, message_id: UUID) -> Outcome | None:
        """How a message ended."""
        return self._messages[message_id].outcome

    def claim_points(self, claimed: ClaimedVideo, bronze: BronzeVideo, work: WorkIdentity) -> PointClaim:
        """As the port says."""
        with self._lock:
            if not self._is_open(claimed):
                return PointClaim("closed")
            found = verdict(self.videos.get(_key(claimed)), claimed, work)
            if found != "write":
                return PointClaim(found)
            held = self._holders.get((_key(claimed), work))
            version = max(claimed.version, held.version) if held else claimed.version
            self._holders[_key(claimed), work] = _Holder(version)
            return PointClaim("write", self._raised(work.asset_id), self._holding(work))

    def settle(
        self,
        claimed: ClaimedVideo,
        bronze: BronzeVideo,
        silver: SilverVideo,
        claim: PointClaim,
        frames: Iterable[Sequence[FrameRow]],
    ) -> Settlement:
        """As the port says."""
        with self._lock:
            if not self._is_open(claimed):
                return Settlement()
            current = self.videos.get(_key(claimed))
            found = verdict(current, claimed, silver.work)
            if found == "write" and claim.verdict != "write":
                raise TransientError(f"{claimed.label}: the video changed while gold looked at it; try again")
            settlement = (
                Settlement(duplicate(found))
                if found != "write"
                else Settlement(Outcome(kind="done", findings=bronze.findings), self._insert(silver, frames))
            )
            if found == "write":
                self.videos[_key(claimed)] = _video(claimed, silver.work)
            elif found == "unchanged" and current is not None:
                self.videos[_key(claimed)] = replace(current, version=claimed.version)
            self._release(_key(claimed))
            assert settlement.outcome is not None
            self._end(claimed, settlement.outcome)
            return settlement

    def record_outcome(self, claimed: ClaimedVideo, outcome: Outcome, asset_id: str | None = None) -> bool:
        """As the port says."""
        with self._lock:
            if not self._is_open(claimed):
                return False
            self._end(claimed, outcome)
            return True

    def retractions(self, video: VideoKey) -> list[Retraction]:
        """As the port says."""
        with self._lock:
            works = [w for (key, w), held in self._holders.items() if key == video and held.is_released]
            return [
                Retraction(work, self._raised(work.asset_id), self._holding(work), self._point_ids(work))
                for work in works
            ]

    def retracted(self, video: VideoKey, work: WorkIdentity) -> None:
        """As the port says."""
        with self._lock:
            if self._holders[video, work].is_released:
                del self._holders[video, work]
            if not any(held == work for _, held in self._holders):
                self.frames.pop(work, None)

    def live_works(self, videos: Collection[VideoKey]) -> Mapping[VideoKey, WorkIdentity]:
        """As the port says."""
        return {video: self.videos[video].work for video in videos if video in self.videos}

    def _is_open(self, claimed: ClaimedVideo) -> bool:
        message = self._messages.get(claimed.message_id)
        return message is not None and message.outcome is None and message.claimed == claimed

    def _raised(self, asset_id: str) -> int:
        self._generations[asset_id] = self._generations.get(asset_id, 0) + 1
        return self._generations[asset_id]

    def _holding(self, work: WorkIdentity) -> tuple[str, ...]:
        keys = sorted(
            key
            for (key, held_work), held in self._holders.items()
            if held_work == work and not held.is_released
        )
        return tuple("/".join(key) for key in keys)

    def _insert(self, silver: SilverVideo, frames: Iterable[Sequence[FrameRow]]) -> int:
        known = self.frames.setdefault(silver.work, {})
        if len(known) != silver.frame_count:
            known.update({frame.time_us: frame for part in frames for frame in part})
        return len(known)

    def _point_ids(self, work: WorkIdentity) -> tuple[UUID, ...]:
        frames = self.frames.get(work, {}).values()
        return tuple(frame.point_id for frame in frames if frame.point_id is not None)

    def _release(self, video: VideoKey) -> None:
        live = self.videos[video]
        for (key, work), held in self._holders.items():
            if key == video and work != live.work and held.version <= live.version:
                self._holders[key, work] = replace(held, is_released=True)

    def _end(self, claimed: ClaimedVideo, outcome: Outcome) -> None:
        self._messages[claimed.message_id] = _Message(claimed, outcome)
        batch = [m for m in self._messages.values() if m.claimed.batch_id == claimed.batch_id]
        reports = tuple(_report(m.claimed, m.outcome) for m in batch if m.outcome is not None)
        if len(reports) == len(batch):
            self.mails += self._compose(BatchReport(claimed.batch_id, claimed.run_id, reports))


class MemoryFrameTable(FrameTable):
    """Parts by key."""

    def __init__(self) -> None:
        self.parts: dict[str, Sequence[FrameRow]] = {}

    def rows(self, part_key: str) -> Sequence[FrameRow]:
        """As the port says."""
        return self.parts[part_key]


def _key(claimed: ClaimedVideo) -> VideoKey:
    return claimed.arrived.platform, claimed.arrived.video_id


def _video(claimed: ClaimedVideo, work: WorkIdentity) -> CurrentVideo:
    arrived = claimed.arrived
    return CurrentVideo(claimed.message_id, claimed.version, work, arrived.uri, arrived.published_at)


def _report(claimed: ClaimedVideo, outcome: Outcome) -> VideoReport:
    return VideoReport(claimed.label, claimed.arrived.uri, outcome, claimed.arrived.notify)
