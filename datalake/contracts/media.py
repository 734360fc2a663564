"""What the bytes of a video are, where they came from, and what was noticed about them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from datalake.contracts.base import Contract, Instant, ShortText

Severity = Literal["error", "warning", "info"]
# ITU-T H.273 by FFmpeg's names: PQ (HDR10, Dolby Vision) and HLG
_HDR_TRANSFERS = ("smpte2084", "arib-std-b67")


class Finding(Contract):
    """One thing noticed about a video, with evidence and a remedy."""

    code: ShortText = Field(description="Stable snake_case code, e.g. `truncated`.")
    severity: Severity = Field(description="What it stops depends on the validation mode.")
    evidence: str = Field(description="What was measured.")
    remedy: str = Field(description="What the sender can do.")
    fatal: bool = Field(False, description="True for an error that leaves nothing to work on.")


class SourceFacts(Contract):
    """What the source said about the bytes when they were fetched."""

    uri: str = Field(description="Where they came from, without secrets.")
    size_bytes: int | None = Field(None, ge=0, description="Size that the source stated.")
    etag: str | None = Field(None, description="Version of the bytes, as the source names it.")
    modified_at: Instant | None = Field(None, description="Last modification, as the source states it.")
    content_type: str | None = Field(None, description="Media type that the source states.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Other HTTP headers or S3 metadata that say something of the bytes."
    )


class Colour(Contract):
    """How pixel values are to be read, by the names of ITU-T H.273; None where the stream does not say."""

    primaries: str | None = Field(None, description="E.g. `bt709`.")
    transfer: str | None = Field(None, description="E.g. `smpte2084`, which is HDR.")
    matrix: str | None = Field(None, description="E.g. `bt709`.")
    range: str | None = Field(None, description="`tv` (limited) or `pc` (full).")

    @property
    def is_hdr(self) -> bool:
        """True when the transfer curve is one of high dynamic range."""
        return self.transfer in _HDR_TRANSFERS


class VideoStream(Contract):
    """The video stream that will be read."""

    index: int = Field(description="Number of the stream in its container.")
    codec: str = Field(description="FFmpeg's name of the codec.")
    profile: str | None = Field(None, description="Profile of the codec.")
    width_px: int = Field(description="Display width after rotation.")
    height_px: int = Field(description="Display height after rotation.")
    rotation_deg: Literal[0, 90, 180, 270] = Field(
        0, description="How far the stored picture is turned to be upright."
    )
    pixel_aspect: tuple[int, int] = Field((1, 1), description="Width to height of a stored pixel.")
    time_base: tuple[int, int] = Field(description="Seconds per PTS tick, as a fraction.")
    start_pts: int | None = Field(None, description="Time of the first picture, in ticks.")
    frame_rate_fps: float | None = Field(None, description="Average rate from the container.")
    nominal_frames: int | None = Field(None, description="Frame count the container claims.")
    measured_frames: int | None = Field(None, description="Pictures that are really there.")
    keyframes: int | None = Field(None, description="Pictures that can be decoded by themselves.")
    shortest_interval_s: float | None = Field(None, description="Shortest time between two pictures.")
    longest_interval_s: float | None = Field(None, description="Longest time between two pictures.")
    bit_rate_bps: int | None = Field(None, description="Bit rate of the stream.")
    pixel_format: str | None = Field(None, description="FFmpeg's name of the pixel format.")
    bit_depth: int | None = Field(None, description="Bits of a component.")
    colour: Colour = Field(default_factory=Colour, description="How pixel values are to be read.")
    is_interlaced: bool = Field(
        False, description="Pictures are two fields that were taken one after the other."
    )


class AudioStream(Contract):
    """The first audio stream."""

    index: int = Field(description="Number of the stream in its container.")
    codec: str | None = Field(None, description="FFmpeg's name of the codec; None where it is unknown.")
    sample_rate_hz: int | None = Field(None, description="Samples a second.")
    channels: int | None = Field(None, description="Channels of sound.")
    bit_rate_bps: int | None = Field(None, description="Bit rate of the stream.")
    duration_s: float | None = Field(
        None, description="From the first packet to the end of the last one really there."
    )
    peak_dbfs: float | None = Field(
        None,
        description="Loudest sample of all, or of about a minute of longer sound, dB below full scale; "
        "-120 is silence. None where nothing was heard, as of encrypted files.",
    )


class MediaFacts(Contract):
    """What the container says and a probe measured."""

    container: str = Field(description="FFmpeg's names of the container format.")
    duration_s: float | None = Field(None, description="Duration the container claims.")
    measured_duration_s: float | None = Field(None, description="End of the last packet really there.")
    bit_rate_bps: int | None = Field(None, description="Bit rate of the whole file.")
    recorded_at: Instant | None = Field(None, description="Recording time that the container states.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags of the container, long ones cut.")
    video: VideoStream | None = Field(None, description="None when there is no picture track.")
    audio: AudioStream | None = Field(None, description="None when there is no sound track.")

    @property
    def best_duration_s(self) -> float | None:
        """Seconds that are really there; where nobody could measure, what the container claims."""
        return self.duration_s if self.measured_duration_s is None else self.measured_duration_s

    @property
    def is_decodable(self) -> bool:
        """True when there are pictures that a decoder can be asked for."""
        return self.video is not None and self.measured_duration_s is not None
