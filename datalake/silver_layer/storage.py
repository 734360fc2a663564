"""Storage: images, then the part, then, when every window is through, the manifest.

The order is the guarantee: a part that exists has its images, a manifest that exists has its parts.
"""

from __future__ import annotations

import pyarrow as pa
from hamilton.function_modifiers import tag
from hamilton.htypes import Collect

from datalake.adapters.ports import Embedder, FrameRow, Lake, Window
from datalake.contracts import BronzeVideo, SilverVideo, WorkIdentity
from datalake.errors import BadVideo
from datalake.findings import finding
from datalake.frame_parts import part_bytes
from datalake.silver_layer.manifest import (
    WindowSummary,
    manifest_bytes,
    manifest_key,
    part_key,
    silver_video_from_manifest,
)
from datalake.silver_layer.tables import FrameJpeg


@tag(effect="writes")
def stored_images(frame_jpegs: list[FrameJpeg], lake: Lake) -> list[str]:
    """Keys of the window's images, now in the lake."""
    for jpeg in frame_jpegs:
        lake.put_bytes(jpeg.key, jpeg.data)
    return [jpeg.key for jpeg in frame_jpegs]


@tag(effect="writes")
def stored_part(
    frame_table: pa.Table, stored_images: list[str], window: Window, work: WorkIdentity, lake: Lake
) -> str:
    """Key of the window's Parquet part, now in the lake, after the images that it names."""
    key = part_key(work, window.index)
    lake.put_bytes(key, part_bytes(frame_table))
    return key


def window_summary(window: Window, frame_rows: list[FrameRow], stored_part: str) -> WindowSummary:
    """What is left of a window when its pixels are gone."""
    kept_count = sum(row.duplicate_of_us is None for row in frame_rows)
    return WindowSummary(window.index, stored_part, len(frame_rows), kept_count)


def window_summaries(window_summary: Collect[WindowSummary]) -> list[WindowSummary]:
    """Windows worked on in this execution."""
    return list(window_summary)


def parts(
    window_summaries: list[WindowSummary], finished_windows: list[WindowSummary]
) -> list[WindowSummary]:
    """Every window of the video, in order; a video without a single frame is refused."""
    every = sorted([*finished_windows, *window_summaries], key=lambda summary: summary.index)
    if not any(part.frame_count for part in every):
        raise BadVideo(finding("no_frames", "No frame could be decoded at any of the wanted times."))
    return every


def manifest(
    work: WorkIdentity,
    bronze_video: BronzeVideo,
    embedder: Embedder,
    vector_dim: int,
    parts: list[WindowSummary],
) -> bytes:
    """What the work consists of, JSON."""
    return manifest_bytes(work, bronze_video.raw_key, embedder.fingerprint, vector_dim, parts)


@tag(effect="writes")
def stored_manifest(manifest: bytes, work: WorkIdentity, lake: Lake) -> str:
    """Key of the manifest, now in the lake: from here on the work is finished."""
    key = manifest_key(work)
    lake.put_bytes(key, manifest)
    return key


@tag(role="output")
def silver_video(manifest: bytes, stored_manifest: str) -> SilverVideo:
    """The record handed to gold."""
    return silver_video_from_manifest(manifest)
