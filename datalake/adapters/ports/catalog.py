"""Where videos are catalogued, and who is at which silver work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from datalake.adapters.ports.frames import FrameRow
from datalake.contracts import BronzeVideo, ClaimedVideo, Outcome, RefinedVideo, WorkIdentity

LeaseAnswer = Literal["acquired", "finished", "busy"]
Verdict = Literal["write", "older_version", "unchanged", "closed"]
VideoKey = tuple[str, str]  # (platform, video_id)


class WorkLeases(ABC):
    """Who is at a piece of silver work now."""

    @abstractmethod
    def lease(
        self, work: WorkIdentity, token: UUID, batch_id: UUID, attempt: int, lease_s: float, task: str = ""
    ) -> LeaseAnswer:
        """Try to become the one who does this work.

        A newer attempt of the same batch takes over at once, and so does another try of the same `task`; the
        token that holds a lease may ask again; an expired lease is anybody's.

        Args:
            work: which work.
            token: random id of the task try.
            batch_id: batch of the video that needs it.
            attempt: attempt of that batch.
            lease_s: seconds without progress after which others may take over.
            task: what stays the same when the task is tried again, e.g. the message id.

        Returns:
            `acquired`: do it; `finished`: its manifest exists; `busy`: another is at it.
        """

    @abstractmethod
    def renew(
        self, work: WorkIdentity, token: UUID, lease_s: float, windows_done: int, windows_total: int
    ) -> None:
        """Prolong the lease after progress, and write down how far the work is.

        Raises:
            LeaseLost: another task try took over.
        """

    @abstractmethod
    def finish(self, work: WorkIdentity, token: UUID, manifest_key: str) -> None:
        """Record the published manifest and release the lease; changes nothing when recorded before.

        Raises:
            LeaseLost: another task try took over and has not finished.
        """

    @abstractmethod
    def reopen(self, work: WorkIdentity, manifest_key: str) -> None:
        """Forget that the work is finished, because its manifest is gone from the lake."""

    @abstractmethod
    def release(self, work: WorkIdentity, token: UUID) -> None:
        """Give the lease up without a result; nothing happens when it is not ours."""


@dataclass(frozen=True)
class PointClaim:
    """Whether a video's points are to be written, as which generation, and who holds them."""

    verdict: Verdict
    generation: int = 0
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settlement:
    """What the transaction that settled a video wrote; outcome None: nothing, it is not ours."""

    outcome: Outcome | None = None
    frame_count: int = 0


@dataclass(frozen=True)
class Retraction:
    """Points that a video no longer holds; `point_ids` are those the catalog knows."""

    work: WorkIdentity
    generation: int
    holders: tuple[str, ...]
    point_ids: tuple[UUID, ...] = field(repr=False)


class Catalog(WorkLeases):
    """Videos, their frames and outcomes; every method is one transaction.

    All methods raise DatabaseUnavailable when the database is away.
    """

    @abstractmethod
    def claim_points(self, claimed: ClaimedVideo, bronze: BronzeVideo, work: WorkIdentity) -> PointClaim:
        """Announce that this video's points will be written, before the first one is.

        The asset's generation rises and the video joins the holders. The verdict is `closed` when the
        message has an outcome, is gone, or belongs to another attempt by now.
        """

    @abstractmethod
    def settle(
        self, video: RefinedVideo, claim: PointClaim, frames: Iterable[Sequence[FrameRow]]
    ) -> Settlement:
        """Write video, frames, quality, derivatives and outcome together; mails with a batch's last outcome.

        Args:
            video: the message and all that was found out.
            claim: what `claim_points` answered; its points are written.
            frames: frame rows in parts; read only when the catalog lacks them.

        Raises:
            TransientError: the video changed since the claim; claim again.
        """

    @abstractmethod
    def record_outcome(
        self, claimed: ClaimedVideo, outcome: Outcome, bronze: BronzeVideo | None = None
    ) -> bool:
        """Write the outcome of a video that did not get to gold, and what arrived if anything did.

        False when it is not ours to write.
        """

    @abstractmethod
    def retractions(self, video: VideoKey) -> list[Retraction]:
        """The works whose points this video no longer holds, each under a new generation."""

    @abstractmethod
    def retracted(self, video: VideoKey, work: WorkIdentity) -> None:
        """The points were rewritten: forget the holder, and the work's rows when nobody holds it."""

    @abstractmethod
    def live_works(self, videos: Collection[VideoKey]) -> Mapping[VideoKey, WorkIdentity]:
        """The work that each video shows now; unknown videos are left out."""
