"""What a video is worth and what was made of it, derived from what silver stored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from datalake.contracts.base import Contract, Instant, Sha256, ShortText
from datalake.contracts.media import Colour, Finding

ResolutionClass = Literal["below_sd", "sd", "hd", "full_hd", "4k", "8k"]


class VideoMetadata(Contract):
    """A video described: what its container says, enriched by what was measured."""

    duration_s: float | None = Field(
        None, description="Measured where it could be, else what the container claims."
    )
    width_px: int | None = Field(None, description="Display width after rotation.")
    height_px: int | None = Field(None, description="Display height after rotation.")
    orientation: Literal["landscape", "portrait", "square"] | None = Field(
        None, description="How the upright picture lies."
    )
    resolution_class: ResolutionClass | None = Field(None, description="By the shorter side of the picture.")
    rotation_deg: int = Field(0, description="How far the stored picture is turned to be upright.")
    container: str | None = Field(None, description="FFmpeg's names of the container format.")
    video_codec: str | None = Field(None, description="FFmpeg's name of the picture codec.")
    audio_codec: str | None = Field(None, description="FFmpeg's name of the sound codec; None without sound.")
    bit_rate_bps: int | None = Field(None, description="Of the whole file.")
    effective_frame_rate_fps: float | None = Field(None, description="Pictures there over their time.")
    is_variable_frame_rate: bool = Field(False, description="Pictures are not equally far apart.")
    is_hdr: bool = Field(False, description="The transfer curve is one of high dynamic range.")
    colour: Colour = Field(default_factory=Colour, description="How pixel values are to be read.")
    recorded_at: Instant | None = Field(None, description="Recording time that the container states.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags of the container.")


class QualityScore(Contract):
    """One part of the overall score."""

    name: ShortText = Field(description="Name of the part, e.g. `sharpness`.")
    score: float = Field(ge=0, le=1, description="0 is worst, 1 is best.")
    measured: float | None = Field(None, description="The raw value that the score is derived from.")
    unit: str = Field("", description="Unit of `measured`.")


class QualityReport(Contract):
    """What a video is worth: an overall score and its parts, and the shares of poor frames."""

    overall: float = Field(ge=0, le=1, description="Weighted geometric mean of the parts.")
    parts: tuple[QualityScore, ...] = Field(
        (), description="The parts that could be measured, the weightiest first."
    )
    frame_count: int = Field(ge=0, description="Frames looked at.")
    blurred_share: float = Field(0, ge=0, le=1, description="Frames that are less sharp than BLUR_MIN.")
    dark_share: float = Field(0, ge=0, le=1, description="Frames whose mean luma is at most DARK_MAX.")
    blank_share: float = Field(0, ge=0, le=1, description="Frames of one even shade.")
    frozen_share: float = Field(0, ge=0, le=1, description="Frames that show what the one before showed.")
    letterboxed_share: float = Field(0, ge=0, le=1, description="Frames with black bars.")
    is_black: bool = Field(False, description="Nearly all frames are dark.")
    is_blank: bool = Field(False, description="Nearly all frames are of one even shade.")
    is_blurred: bool = Field(False, description="Nearly all frames are blurred.")
    is_frozen: bool = Field(False, description="Nearly all frames show what the one before showed.")
    is_silent: bool = Field(False, description="There is sound, and nothing to hear.")
    has_audio_gap: bool = Field(False, description="Sound and pictures do not last equally long.")
    audio_gap_s: float | None = Field(None, description="Audio duration minus video duration.")


class Assessment(Contract):
    """Metadata and quality of a video, by the thresholds in the settings."""

    asset_id: Sha256 = Field(description="SHA-256 of the bytes that were assessed.")
    metadata: VideoMetadata = Field(description="The video described.")
    quality: QualityReport = Field(description="What it is worth.")
    best_frame_us: int | None = Field(None, description="Time of the frame that makes the best poster.")
    findings: tuple[Finding, ...] = Field((), description="What is wrong with its pictures and sound.")


class Derivative(Contract):
    """One file made from a video."""

    name: ShortText = Field(description="`poster`, `proxy_480p` ...")
    asset_id: Sha256 = Field(description="SHA-256 of the bytes that it is made from.")
    settings_hash: ShortText = Field(description="Of the work that it belongs to.")
    pipeline_version: ShortText = Field(description="Version of the code that made it.")
    key: str = Field(description="Lake key of the file.")
    sha256: Sha256 = Field(description="Of the file's bytes.")
    media_type: str = Field(description="E.g. `image/jpeg`.")
    size_bytes: int = Field(ge=0, description="Size of the file.")
    width_px: int = Field(description="Width of its picture.")
    height_px: int = Field(description="Height of its picture.")
    duration_s: float | None = Field(None, description="None for a picture.")
    time_us: int | None = Field(None, description="Time of the frame that a picture shows.")


class Derivatives(Contract):
    """What was made from a video, and what could not be made."""

    asset_id: Sha256 = Field(description="SHA-256 of the bytes that they are made from.")
    items: tuple[Derivative, ...] = Field((), description="What was made.")
    findings: tuple[Finding, ...] = Field((), description="What was asked for and could not be made.")
