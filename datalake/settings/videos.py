"""What is done with videos: sources, the three layers, the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from datalake.contracts.arrived import DerivativeName, ValidationMode
from datalake.settings.reading import SettingsGroup


class SourceSettings(SettingsGroup):
    """Sources: which URIs may be read."""

    source_schemes: tuple[str, ...] = Field(
        ("file", "http", "https", "s3"), description="Allowed URI schemes (a JSON list)."
    )
    source_roots: tuple[Path, ...] = Field(
        (Path("videos"), Path(".embedded/samples")),
        description="Folders that file URIs may point into (a JSON list); relative to the project.",
    )
    source_path_map: dict[str, str] = Field(
        default_factory=dict,
        description="Host folder to the folder the pipeline sees it as (a JSON object); used by producer.py.",
        examples=['{"videos": "/opt/airflow/videos"}'],
    )
    source_private_hosts: bool = Field(
        False, description="Also fetch from private, loopback and link-local addresses."
    )
    source_max_attempts: int = Field(
        12, ge=1, description="A video whose source is away is quarantined in this attempt of its batch."
    )
    source_max_bytes: int = Field(50 * 1024**3, ge=1, description="Largest video taken in.")
    source_timeout_s: float = Field(60.0, gt=0, description="A source that is silent so long is given up.")
    source_max_s: float = Field(21600.0, gt=0, description="A source that takes longer in all is given up.")
    s3_endpoint_url: str = Field("", description="S3 endpoint other than AWS; empty: AWS.")


class BronzeSettings(SettingsGroup):
    """Bronze: what is taken in."""

    validation_mode: ValidationMode = Field(
        "strict",
        description="strict: any error quarantines; lenient: the usable part goes on; report-only: "
        "nothing that is wrong with the video stops it.",
    )
    max_duration_s: float = Field(
        6 * 3600.0,
        gt=0,
        description="A longer video is an error; lenient takes its beginning.",
    )
    min_side_px: int = Field(16, ge=1, description="A picture with a shorter side is an error.")
    allowed_codecs: tuple[str, ...] = Field(
        (),
        description="Picture codecs that are taken in (a JSON list of FFmpeg names); empty: all.",
        examples=['["h264", "hevc", "vp9", "av1"]'],
    )


class LakeSettings(SettingsGroup):
    """The lake: raw objects, frames, Parquet."""

    lake_uri: str = Field("file://.embedded/lake", description="Root of the lake: file:// or s3:// URI.")
    jpeg_quality: int = Field(90, ge=1, le=100, description="Quality of stored frames.")


class SilverSettings(SettingsGroup):
    """Silver: sampling, duplicates, embedding."""

    embedder: str = Field(
        "conse", description="`conse` (offline) or `open_clip:<arch>/<pretrained tag or checkpoint path>`."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto",
        description="Where models run: `auto` is the GPU where there is one; if it fails, the CPU.",
    )
    decode_device: Literal["auto", "cpu"] = Field(
        "auto",
        description="Where pictures are decoded: `auto` is NVDEC where models run on a GPU; software (`cpu`) "
        "notices more damage.",
    )
    interval_s: float = Field(1.0, ge=0.001, description="Seconds between wanted frames.")
    max_frames: int = Field(10_000, ge=1, le=1_000_000, description="Most frames wanted of one video.")
    duplicate_max_bits: int = Field(
        4,
        ge=-1,
        le=64,
        description="Perceptual hashes of near-duplicates differ in at most so many bits; colours agree too; "
        "-1: every frame is kept.",
    )
    derivatives: tuple[DerivativeName, ...] = Field(
        (),
        description="Made of every video whose message does not say (a JSON list): poster, proxy_480p ...",
        examples=['["poster", "proxy_480p"]'],
    )
    labels_file: Path | None = Field(
        None,
        description="Labels for open_clip, one a line; relative to the project; empty: ImageNet's.",
    )
    embed_batch_size: int | None = Field(
        None,
        ge=1,
        description="Images in one model call, at most; empty: 32, on a GPU what half its free memory holds "
        "(512 at most).",
    )
    window_max_bytes: int = Field(
        64 * 1024**2, ge=1024**2, description="Decoded pixels that one window may hold."
    )
    chunk_min_videos: int = Field(16, ge=1, description="Fewest videos in a chunk of a large batch.")
    chunk_max_videos: int = Field(64, ge=1, description="Most videos in a chunk.")
    silver_slots: int = Field(
        1, ge=1, description="Slots of the Airflow pool `silver`: one a machine or GPU."
    )
    videos_at_once: int = Field(
        16,
        ge=1,
        description="Videos of one chunk that silver works on at once: small ones fill batches together.",
    )
    children_at_once: int | None = Field(
        None,
        ge=1,
        description="Processes of a chunk that open files, each for one video; empty: one for each "
        "processor, 2 to 4.",
    )
    max_deaths_alone: int = Field(
        3,
        ge=1,
        description="A video over which so many processes died, with no other in flight, is quarantined.",
    )
    lease_s: float = Field(
        120.0, gt=0, description="A lease is lost so long after the time limits of the step that it is for."
    )
    child_timeout_s: float = Field(
        120.0, gt=0, description="Time a child may take for a request; more for large files and long windows."
    )
    # one thread of a machine with five jobs a core decodes 4K HEVC of 10 bits five times slower than it plays
    child_timeout_per_video_s: float = Field(
        5.0, ge=0, description="Seconds that a child may take longer for each second of video in a window."
    )
    child_memory_bytes: int = Field(
        4 * 1024**3, ge=256 * 1024**2, description="Address space of a child that opens untrusted bytes."
    )
    # 8K HEVC of 10 bits holds 1.6 GiB with 4 threads, 3.1 GiB with 16
    child_resident_bytes: int = Field(
        7 * 512 * 1024**2,
        ge=128 * 1024**2,
        description="Memory that such a child may have in use; with more it is killed.",
    )


class QualitySettings(SettingsGroup):
    """Quality: where raw scores become decisions. Changing these decodes nothing again."""

    blur_min: float = Field(
        60.0, ge=0, description="A frame whose Laplacian varies less is blurred (variance, luma 0 to 255)."
    )
    dark_max: float = Field(
        24.0, ge=0, le=255, description="A frame whose mean luma is at most this is dark."
    )
    blank_min_share: float = Field(
        0.98, gt=0, le=1, description="A frame of which such a share has one shade of grey is blank."
    )
    blank_max_contrast: float = Field(
        4.0, ge=0, description="A frame of more contrast is not blank (standard deviation of the luma)."
    )
    frozen_max_difference: float = Field(
        0.5, ge=0, description="A frame that differs less from the one before, in mean luma, is frozen."
    )
    poor_share: float = Field(
        0.9,
        gt=0,
        le=1,
        description="A video is black, blank, blurred or frozen when such a share of its frames is.",
    )
    silence_max_dbfs: float = Field(-60.0, le=0, description="A video that is never louder is silent.")
    audio_gap_max_s: float = Field(1.0, gt=0, description="Audio and video durations may differ by so much.")
    audio_gap_max_share: float = Field(
        0.02, ge=0, le=1, description="Of a long video, they may differ by such a share of its duration."
    )
