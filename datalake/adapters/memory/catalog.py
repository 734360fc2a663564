"""A catalog in dictionaries, with the rules of the real one; and frame rows in a dictionary."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from datalake.adapters.memory.leases import MemoryLeases
from datalake.adapters.ports import (
    BatchReport,
    Catalog,
    Compose,
    FrameRow,
    FrameTable,
    Mail,
    Numbers,
    PointClaim,
    Retraction,
    Settlement,
    VideoFigures,
    VideoKey,
    VideoReport,
)
from datalake.adapters.postgres.versions import CurrentVideo, duplicate, verdict
from datalake.contracts import (
    Assessment,
    BronzeVideo,
    ClaimedVideo,
    Derivative,
    Outcome,
    RefinedVideo,
    SilverVideo,
    WorkIdentity,
)
from datalake.errors import TransientError


@dataclass(frozen=True)
class _Message:
    claimed: ClaimedVideo
    outcome: Outcome | None = None
    figures: VideoFigures | None = None


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
        self.derivatives: dict[WorkIdentity, dict[str, Derivative]] = {}
        self.assessments: dict[VideoKey, Assessment] = {}
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
        self, video: RefinedVideo, claim: PointClaim, frames: Iterable[Sequence[FrameRow]]
    ) -> Settlement:
        """As the port says."""
        claimed, work = video.claimed, video.silver.work
        with self._lock:
            if not self._is_open(claimed):
                return Settlement()
            current = self.videos.get(_key(claimed))
            found = verdict(current, claimed, work)
            if found == "write" and claim.verdict != "write":
                raise TransientError(f"{claimed.label}: the video changed while gold looked at it; try again")
            if found == "unchanged" and self._is_refined(video):
                found = "write"
            written = self._write_live(video, frames) if found == "write" else 0
            if found == "unchanged" and current is not None:
                self.videos[_key(claimed)] = replace(current, version=claimed.version)
            self._release(_key(claimed))
            done = Outcome(kind="done", findings=video.findings)
            outcome = done if found == "write" else duplicate(found)
            self._end(claimed, outcome, _figures(video) if found == "write" else None)
            return Settlement(outcome, written)

    def record_outcome(
        self, claimed: ClaimedVideo, outcome: Outcome, bronze: BronzeVideo | None = None
    ) -> bool:
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
                self.derivatives.pop(work, None)

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

    def _write_live(self, video: RefinedVideo, frames: Iterable[Sequence[FrameRow]]) -> int:
        written = self._insert(video.silver, frames)
        made = {derivative.name: derivative for derivative in video.derivatives.items}
        self.derivatives.setdefault(video.silver.work, {}).update(made)
        self.assessments[_key(video.claimed)] = video.assessment
        self.videos[_key(video.claimed)] = _video(video.claimed, video.silver.work)
        return written

    def _is_refined(self, video: RefinedVideo) -> bool:
        """True when quality or derivatives are not as they were."""
        made = {derivative.name: derivative for derivative in video.derivatives.items}
        known = self.derivatives.get(video.silver.work, {})
        return self.assessments[_key(video.claimed)] != video.assessment or not made.items() <= known.items()

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

    def _end(self, claimed: ClaimedVideo, outcome: Outcome, figures: VideoFigures | None = None) -> None:
        self._messages[claimed.message_id] = _Message(claimed, outcome, figures)
        batch = [m for m in self._messages.values() if m.claimed.batch_id == claimed.batch_id]
        reports = tuple(self._report(m, m.outcome) for m in batch if m.outcome is not None)
        if len(reports) == len(batch):
            report = BatchReport(claimed.batch_id, claimed.run_id, reports, messages=len(batch))
            self.mails += self._compose(report)

    def _report(self, message: _Message, outcome: Outcome) -> VideoReport:
        claimed, arrived = message.claimed, message.claimed.arrived
        current = self.videos.get(_key(claimed))
        is_current = current is not None and current.message_id == claimed.message_id
        figures = message.figures if is_current else None
        told = (claimed.label, arrived.uri, outcome, arrived.notify, figures)
        return VideoReport(*told, message_id=claimed.message_id)


class MemoryFrameTable(FrameTable):
    """Parts by key."""

    def __init__(self) -> None:
        self.parts: dict[str, Sequence[FrameRow]] = {}

    def columns(self, part_key: str, names: Collection[str]) -> Mapping[str, Numbers]:
        """As the port says."""
        rows = [row.values() for row in self.parts[part_key]]
        return {name: np.array([row[name] for row in rows], np.float64) for name in names}

    def scores(self, part_key: str) -> Sequence[FrameRow]:
        """As the port says."""
        return [replace(row, vector=None, labels=()) for row in self.parts[part_key]]

    def rows(self, part_key: str) -> Sequence[FrameRow]:
        """As the port says."""
        return self.parts[part_key]


def _key(claimed: ClaimedVideo) -> VideoKey:
    return claimed.arrived.platform, claimed.arrived.video_id


def _video(claimed: ClaimedVideo, work: WorkIdentity) -> CurrentVideo:
    arrived = claimed.arrived
    return CurrentVideo(claimed.message_id, claimed.version, work, arrived.uri, arrived.published_at)


def _figures(video: RefinedVideo) -> VideoFigures:
    metadata, quality = video.assessment.metadata, video.assessment.quality
    return VideoFigures(
        metadata.duration_s,
        metadata.width_px,
        metadata.height_px,
        quality.frame_count,
        video.silver.kept_count,
        quality.overall,
    )
