"""What a video is worth and what was made of it, derived from what silver stored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from datalake.contracts.base import Contract, Instant, Sha256, ShortText
from datalake.contracts.media import Colour, Finding

ResolutionClass = Literal["below_sd", "sd", "hd", "full_hd", "4k", "8k"]


class VideoMetadata(Contract):
    """A video described: what its container says, enriched by what was measured."""

    duration_s: float | None = None
    width_px: int | None = None
    height_px: int | None = None
    orientation: Literal["landscape", "portrait", "square"] | None = None
    resolution_class: ResolutionClass | None = Field(None, description="By the shorter side of the picture.")
    rotation_deg: int = 0
    container: str | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    bit_rate_bps: int | None = None
    effective_frame_rate_fps: float | None = Field(None, description="Pictures there over their time.")
    is_variable_frame_rate: bool = False
    is_hdr: bool = False
    colour: Colour = Field(default_factory=Colour)
    created_at: Instant | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class QualityScore(Contract):
    """One part of the overall score."""

    name: ShortText
    score: float = Field(ge=0, le=1, description="0 is worst, 1 is best.")
    measured: float | None = Field(None, description="The raw value that the score is derived from.")
    unit: str = Field("", description="Unit of `measured`.")


class QualityReport(Contract):
    """What a video is worth: an overall score and its parts, and the shares of poor frames."""

    overall: float = Field(ge=0, le=1, description="Weighted geometric mean of the parts.")
    parts: tuple[QualityScore, ...] = ()
    frames: int = Field(ge=0, description="Frames looked at.")
    blurred_share: float = Field(0, ge=0, le=1)
    dark_share: float = Field(0, ge=0, le=1)
    blank_share: float = Field(0, ge=0, le=1)
    frozen_share: float = Field(0, ge=0, le=1, description="Frames that show what the one before showed.")
    letterboxed_share: float = Field(0, ge=0, le=1)
    is_black: bool = False
    is_frozen: bool = False
    is_silent: bool = False
    audio_gap_s: float | None = Field(None, description="Audio duration minus video duration.")


class Assessment(Contract):
    """Metadata and quality of a video, by the thresholds in the settings."""

    asset_id: Sha256
    metadata: VideoMetadata
    quality: QualityReport
    best_frame_us: int | None = Field(None, description="Time of the frame that makes the best poster.")
    findings: tuple[Finding, ...] = ()


class Derivative(Contract):
    """One file made from a video."""

    name: ShortText = Field(description="`poster`, `proxy_480p` ...")
    asset_id: Sha256
    settings_hash: ShortText
    pipeline_version: ShortText
    key: str = Field(description="Lake key of the file.")
    sha256: Sha256
    media_type: str
    size_bytes: int = Field(ge=0)
    width_px: int
    height_px: int
    duration_s: float | None = Field(None, description="None for a picture.")
    time_us: int | None = Field(None, description="Time of the frame that a picture shows.")


class Derivatives(Contract):
    """What was made from a video, and what could not be made."""

    asset_id: Sha256
    items: tuple[Derivative, ...] = ()
    findings: tuple[Finding, ...] = ()
