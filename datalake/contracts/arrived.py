"""The message that names a video, and the ledger row that it became."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from datalake.contracts.base import (
    Contract,
    EmailAddress,
    Instant,
    Sha256,
    ShortText,
    Text,
    storable_tree,
)

SamplingMode = Literal["interval", "keyframe", "scene"]
ValidationMode = Literal["strict", "lenient", "report-only"]
DerivativeName = Annotated[
    str, StringConstraints(pattern=r"^(poster|proxy_(144|240|360|480|540|720|1080|1440|2160)p)$")
]


class Options(Contract):
    """What the sender asks for; everything has a default in the settings."""

    sampling: SamplingMode = Field(
        "interval",
        description="interval: the frame on screen every so often; keyframe: only frames that are decoded "
        "without others, which is many times cheaper; scene: the first frame of each shot.",
    )
    interval_s: float | None = Field(
        None,
        ge=0.001,
        le=3600,
        description="Seconds between wanted frames, of keyframes at least, of scenes one in each interval; "
        "unset: INTERVAL_S.",
    )
    max_frames: int | None = Field(
        None, gt=0, le=1_000_000, description="At most so many frames a video; unset: MAX_FRAMES."
    )
    validation_mode: ValidationMode | None = Field(
        None,
        description="strict: any error quarantines; lenient: the usable part goes on; report-only: nothing "
        "that is wrong with the video stops it. Unset: VALIDATION_MODE.",
    )
    derivatives: tuple[DerivativeName, ...] | None = Field(
        None,
        max_length=8,
        description="What to make besides frames: `poster`, `proxy_480p` ...; unset: DERIVATIVES.",
    )
    crop: bool = Field(
        False,
        description="Cut black bars off before frames are stored and embedded; `content_box` says where.",
    )
    labels: bool = Field(True, description="Store what the model thinks is in each frame.")


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
    extra: Annotated[dict[str, Any], AfterValidator(storable_tree)] = Field(
        default_factory=dict, description="Unknown fields of a message on a lenient topic."
    )


class ClaimedVideo(Contract):
    """A ledger row that became work: the message and the batch that owns it now."""

    message_id: UUID = Field(description="uuid5 of the message's coordinates.")
    batch_id: UUID = Field(description="Batch that owns it.")
    attempt: int = Field(ge=1, description="Attempt of the batch; a newer one takes over.")
    run_id: str = Field(description="Airflow run that owns this attempt.")
    version: tuple[int, int, int] = Field(description="(version or broker ms, partition, offset).")
    arrived: VideoArrived = Field(description="The message.")

    @property
    def label(self) -> str:
        """What the Airflow grid shows for this video."""
        return f"{self.arrived.platform}/{self.arrived.video_id}"
