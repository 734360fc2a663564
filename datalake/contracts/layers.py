"""What each layer hands to the next, and how a message ended."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from datalake.contracts.arrived import ClaimedVideo
from datalake.contracts.assessed import Assessment, Derivatives
from datalake.contracts.base import Contract, Sha256, ShortText
from datalake.contracts.media import Finding, MediaFacts, SourceFacts

OutcomeKind = Literal["done", "duplicate", "rejected", "quarantined", "failed", "cancelled"]


class BronzeVideo(Contract):
    """What arrived: the bytes in the lake by content hash, where they came from, and what they are."""

    asset_id: Sha256 = Field(description="SHA-256 of the bytes.")
    size_bytes: int = Field(ge=0, description="How many bytes they are.")
    raw_key: str = Field(description="Key of the raw object, relative to LAKE_URI.")
    source: SourceFacts | None = Field(None, description="What the source said about the bytes.")
    media: MediaFacts | None = Field(None, description="None when the bytes are no media file.")
    findings: tuple[Finding, ...] = Field((), description="Everything that was noticed about the bytes.")
    blocking: tuple[str, ...] = Field(
        (), description="Codes of the findings that stop the video in its validation mode."
    )
    rules_hash: str = Field(
        "", description="16 hex digits over mode, options and limits that the verdict on the bytes holds for."
    )

    @property
    def is_usable(self) -> bool:
        """True when nothing stops the video here."""
        return not self.blocking

    @property
    def is_decodable(self) -> bool:
        """True when it has pictures that a decoder can be asked for."""
        return self.media is not None and self.media.is_decodable


class WorkIdentity(Contract):
    """Names one piece of silver work: the same identity is computed once."""

    asset_id: Sha256 = Field(description="SHA-256 of the bytes that are looked at.")
    model: ShortText = Field(description="Embedder name, e.g. `conse`.")
    settings_hash: ShortText = Field(description="16 hex digits over all that changes the result.")

    @property
    def prefix(self) -> str:
        """Lake prefix that holds everything this work writes."""
        slug = "".join(c if c.isalnum() or c in "-_" else "-" for c in self.model)
        return f"silver/{self.asset_id[:2]}/{self.asset_id}/{slug}-{self.settings_hash}"


class SilverVideo(Contract):
    """What is in it: frames, vectors and scores in the lake, listed by a manifest."""

    work: WorkIdentity = Field(description="Which work made it.")
    manifest_key: str = Field(description="Key of manifest.json; written last, so it is complete.")
    vector_dim: int = Field(ge=1, description="Length of a vector.")
    fingerprint: ShortText = Field(description="Of the embedder; a collection holds vectors of one only.")
    frame_count: int = Field(ge=0, description="Frames decoded at wanted times.")
    kept_count: int = Field(ge=0, description="Frames kept after near-duplicate removal.")
    part_keys: tuple[str, ...] = Field((), description="Parquet files, one a window.")
    pipeline_version: ShortText = Field(description="Version of the code that made it.")
    findings: tuple[Finding, ...] = Field((), description="What decoding noticed, one a code.")


class RefinedVideo(Contract):
    """A video that passed silver, complete and checked to be about one asset: what gold writes."""

    claimed: ClaimedVideo
    bronze: BronzeVideo
    silver: SilverVideo
    assessment: Assessment
    derivatives: Derivatives

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was noticed about the video, in the order of the layers."""
        return (
            *self.bronze.findings,
            *self.silver.findings,
            *self.assessment.findings,
            *self.derivatives.findings,
        )


class GoldVideo(Contract):
    """Who knows: the rows and points that were written."""

    message_id: UUID = Field(description="The message that is settled.")
    asset_id: Sha256 = Field(description="SHA-256 of the video's bytes.")
    frame_count: int = Field(ge=0, description="Rows of frames that were written.")
    point_count: int = Field(ge=0, description="Points that are durable in the vector index.")
    outcome: Outcome | None = Field(
        None, description="What was written; None: nothing, the message was settled or is another attempt's."
    )


class Outcome(Contract):
    """How one message ended; written by gold, read by everybody."""

    kind: OutcomeKind = Field(description="How it ended.")
    reason: str | None = Field(None, description="Stable snake_case code; None for done.")
    detail: str | None = Field(None, description="One sentence for a person.")
    findings: tuple[Finding, ...] = Field(
        (), description="What was noticed about the video, whatever became of it."
    )


class VideoProgress(Contract):
    """One video of a chunk on its way through the layers (what XCom carries)."""

    claimed: ClaimedVideo = Field(description="The message and the batch that owns it.")
    bronze: BronzeVideo | None = Field(None, description="Set when bronze is through.")
    silver: SilverVideo | None = Field(None, description="Set when silver is through.")
    assessment: Assessment | None = Field(None, description="Set when silver is through.")
    derivatives: Derivatives | None = Field(None, description="Set when silver is through.")
    outcome: Outcome | None = Field(None, description="Set when the video has ended.")
    error: str | None = Field(None, description="An error of our code: unfinished in this attempt.")
    put_off: str | None = Field(None, description="Why it waits for the next attempt, with nobody to blame.")

    @property
    def is_open(self) -> bool:
        """True while the next layer has something to do for it."""
        return self.outcome is None and self.error is None and self.put_off is None


class Chunk(Contract):
    """Videos that one task works on; every layer takes one and gives one."""

    label: str = Field(description="What the Airflow grid shows: the videos' ids.")
    batch_id: UUID = Field(description="Batch of the videos.")
    attempt: int = Field(ge=1, description="Attempt of the batch.")
    videos: tuple[VideoProgress, ...] = Field(description="Each on its way, or at its end.")


class SearchHit(Contract):
    """One moment that a search found."""

    score: float = Field(description="Cosine of the query's vector and the frame's, -1 to 1.")
    platform: str = Field(description="Namespace of video_id.")
    video_id: str = Field(description="The sender's id of the video.")
    asset_id: Sha256 = Field(description="SHA-256 of the video's bytes.")
    settings_hash: ShortText = Field(description="Of the work that holds the frame.")
    time_s: float = Field(description="When the frame is shown, seconds from the start of the video.")
    frame_key: str = Field(description="Lake key of the frame's image.")
    frame_uri: str = Field(description="URI of the frame's image.")
    labels: tuple[str, ...] = Field((), description="What the model thinks is in the frame, surest first.")
