"""The records that cross a boundary: frozen, closed, JSON in and out.

message -> VideoArrived -> BronzeVideo -> SilverVideo -> GoldVideo, and an Outcome for each.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

OutcomeKind = Literal["done", "duplicate", "rejected", "quarantined", "failed", "cancelled"]
Severity = Literal["error", "warning", "info"]


def _storable(text: str) -> str:
    """Refuse what PostgreSQL text and UTF-8 cannot hold: NUL and lone surrogates."""
    if "\x00" in text:
        raise ValueError("contains a NUL character")
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError: a lone surrogate
    return text


def _storable_tree(tree: dict[str, Any]) -> dict[str, Any]:
    """Refuse the same, and numbers that are no JSON, anywhere in a JSON object."""
    left: list[Any] = [tree]
    while left:
        value = left.pop()
        if isinstance(value, str):
            _storable(value)
        elif isinstance(value, float) and not isfinite(value):
            raise ValueError("contains a number that is no JSON")
        elif isinstance(value, dict):
            left.extend((*value.keys(), *value.values()))
        elif isinstance(value, list | tuple):
            left.extend(value)
    return tree


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; refused where the calendar ends there."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside of the calendar") from None


Text = Annotated[str, StringConstraints(min_length=1, max_length=4096), AfterValidator(_storable)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_storable)]
Instant = Annotated[datetime, AfterValidator(_in_utc)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
EmailAddress = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s<>,;\x00-\x1f\x7f]+@[^@\s<>,;\x00-\x1f\x7f]+$"),
    AfterValidator(_storable),
]


class Contract(BaseModel):
    """Immutable, closed and JSON-round-trippable: what a task may put in XCom."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Options(Contract):
    """What the sender asks for; everything has a default in the settings."""

    sampling: Literal["interval"] = Field("interval", description="How frames are chosen.")
    interval_s: float | None = Field(
        None, ge=0.001, le=3600, description="Seconds between wanted frames; unset: INTERVAL_S."
    )
    max_frames: int | None = Field(
        None, gt=0, le=1_000_000, description="At most so many frames a video; unset: MAX_FRAMES."
    )


class VideoArrived(Contract):
    """One message on the topic: a video is there to be made searchable (version 1)."""

    schema_version: Literal[1] = Field(1, description="Version of this contract.")
    event_id: UUID = Field(description="Identity of the event; the same id is processed once.")
    video_id: ShortText = Field(description="The sender's id of the video, e.g. a post's code.")
    uri: Text = Field(description="Where the bytes are: file, http(s) or s3 URI.")
    platform: ShortText = Field("instagram", description="Namespace of video_id.")
    published_at: Instant | None = Field(
        None, description="When the video was published; without an offset it is UTC."
    )
    version: int | None = Field(
        None, ge=0, le=2**62, description="Orders messages about one video; unset: broker time, ms."
    )
    sha256: Sha256 | None = Field(None, description="Expected SHA-256 of the bytes, hex.")
    notify: tuple[EmailAddress, ...] = Field((), max_length=20, description="Who gets an e-mail.")
    options: Options = Field(default_factory=lambda: Options(), description="Wishes of the sender.")
    extra: Annotated[dict[str, Any], AfterValidator(_storable_tree)] = Field(
        default_factory=dict, description="Unknown fields of a message on a lenient topic."
    )


class ClaimedVideo(Contract):
    """A ledger row that became work: the message and the batch that owns it now."""

    message_id: UUID = Field(description="uuid5 of the message's coordinates.")
    batch_id: UUID
    attempt: int = Field(ge=1, description="Attempt of the batch; a newer one takes over.")
    run_id: str = Field(description="Airflow run that owns this attempt.")
    version: tuple[int, int, int] = Field(description="(version or broker ms, partition, offset).")
    arrived: VideoArrived

    @property
    def label(self) -> str:
        """What the Airflow grid shows for this video."""
        return f"{self.arrived.platform}/{self.arrived.video_id}"


class Finding(Contract):
    """One thing noticed about a video, with evidence and a remedy."""

    code: ShortText = Field(description="Stable snake_case code, e.g. `truncated`.")
    severity: Severity
    evidence: str = Field(description="What was measured.")
    remedy: str = Field(description="What the sender can do.")


class VideoStream(Contract):
    """The video stream that will be read."""

    index: int
    codec: str
    width_px: int = Field(description="Display width after rotation.")
    height_px: int = Field(description="Display height after rotation.")
    rotation_deg: Literal[0, 90, 180, 270] = 0
    time_base: tuple[int, int] = Field(description="Seconds per PTS tick, as a fraction.")
    start_pts: int | None = None
    frame_rate_fps: float | None = Field(None, description="Average rate from the container.")
    nominal_frames: int | None = Field(None, description="Frame count the container claims.")
    pixel_format: str | None = None


class MediaFacts(Contract):
    """What the container says and a probe measured."""

    container: str
    duration_s: float | None = Field(None, description="Duration the container claims.")
    measured_duration_s: float | None = Field(None, description="End of the last packet really there.")
    bit_rate_bps: int | None = None
    video: VideoStream | None = None
    has_audio: bool = False


class BronzeVideo(Contract):
    """What arrived: the bytes in the lake by content hash, and what they are."""

    asset_id: Sha256 = Field(description="SHA-256 of the bytes.")
    size_bytes: int = Field(ge=0)
    raw_key: str = Field(description="Key of the raw object, relative to LAKE_URI.")
    media: MediaFacts | None = Field(None, description="None when the bytes are no media file.")
    findings: tuple[Finding, ...] = ()

    @property
    def is_usable(self) -> bool:
        """True when no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)


class WorkIdentity(Contract):
    """Names one piece of silver work: the same identity is computed once."""

    asset_id: Sha256
    model: ShortText = Field(description="Embedder name, e.g. `conse`.")
    settings_hash: ShortText = Field(description="16 hex digits over all that changes the result.")

    @property
    def prefix(self) -> str:
        """Lake prefix that holds everything this work writes."""
        slug = "".join(c if c.isalnum() or c in "-_" else "-" for c in self.model)
        return f"silver/{self.asset_id[:2]}/{self.asset_id}/{slug}-{self.settings_hash}"


class SilverVideo(Contract):
    """What is in it: frames, vectors and scores in the lake, listed by a manifest."""

    work: WorkIdentity
    manifest_key: str = Field(description="Key of manifest.json; written last, so it is complete.")
    vector_dim: int = Field(ge=1)
    fingerprint: ShortText = Field(description="Of the embedder; a collection holds vectors of one only.")
    frame_count: int = Field(ge=0, description="Frames decoded at wanted times.")
    kept_count: int = Field(ge=0, description="Frames kept after near-duplicate removal.")
    part_keys: tuple[str, ...] = Field((), description="Parquet files, one a window.")


class GoldVideo(Contract):
    """Who knows: the rows and points that were written."""

    message_id: UUID
    asset_id: Sha256
    frame_rows: int = Field(ge=0)
    points: int = Field(ge=0)
    outcome: Outcome | None = Field(
        None, description="What was written; None: nothing, the message was settled or is another attempt's."
    )


class Outcome(Contract):
    """How one message ended; written by gold, read by everybody."""

    kind: OutcomeKind
    reason: str | None = Field(None, description="Stable snake_case code; None for done.")
    detail: str | None = Field(None, description="One sentence for a person.")
    findings: tuple[Finding, ...] = ()


class VideoProgress(Contract):
    """One video of a chunk on its way through the layers (what XCom carries)."""

    claimed: ClaimedVideo
    bronze: BronzeVideo | None = None
    silver: SilverVideo | None = None
    outcome: Outcome | None = None
    error: str | None = Field(None, description="An error of our code: unfinished in this attempt.")
    put_off: str | None = Field(None, description="Why it waits for the next attempt, with nobody to blame.")

    @property
    def is_open(self) -> bool:
        """True while the next layer has something to do for it."""
        return self.outcome is None and self.error is None and self.put_off is None


class Chunk(Contract):
    """Videos that one task works on; every layer takes one and gives one."""

    label: str = Field(description="What the Airflow grid shows: the videos' ids.")
    batch_id: UUID
    attempt: int = Field(ge=1)
    videos: tuple[VideoProgress, ...]


class SearchHit(Contract):
    """One moment that a search found."""

    score: float
    platform: str
    video_id: str
    asset_id: Sha256
    time_s: float
    frame_key: str
    frame_uri: str
    labels: tuple[str, ...] = ()
