"""Storage: images, before the model takes its time, then the part, and at the end of the video the manifest.

The order is the guarantee: a part that exists has its images, a manifest that exists has its parts.
"""

from __future__ import annotations

import pyarrow as pa
from hamilton.function_modifiers import tag
from hamilton.htypes import Collect

from datalake.adapters.ports import Embedder, FrameRow, Lake, Window
from datalake.common_func import PIPELINE_VERSION
from datalake.contracts import BronzeVideo, Finding, SilverVideo, ValidationMode, WorkIdentity
from datalake.errors import BadVideo
from datalake.findings import blocking, finding, once_a_code
from datalake.frame_parts import part_bytes
from datalake.silver_layer.images import FrameJpeg
from datalake.silver_layer.manifest import (
    Manifest,
    WindowSummary,
    manifest_bytes,
    manifest_key,
    part_key,
    silver_video_of,
)
from datalake.silver_layer.part_metadata import kept_count


@tag(effect="writes")
def stored_images(frame_jpegs: list[FrameJpeg], lake: Lake) -> list[str]:
    """Keys of the window's images, now in the lake."""
    lake.put_many({jpeg.key: jpeg.data for jpeg in frame_jpegs})
    return [jpeg.key for jpeg in frame_jpegs]


@tag(effect="writes")
def stored_part(
    frame_table: pa.Table, stored_images: list[str], window: Window, work: WorkIdentity, lake: Lake
) -> str:
    """Key of the window's Parquet part, now in the lake, after the images that it names."""
    key = part_key(work, window.index)
    lake.put_bytes(key, part_bytes(frame_table))
    return key


def window_summary(
    window: Window, frame_rows: list[FrameRow], window_findings: list[Finding], stored_part: str
) -> WindowSummary:
    """What is left of a window when its pixels are gone."""
    return WindowSummary(
        index=window.index,
        part_key=stored_part,
        frame_count=len(frame_rows),
        kept_count=kept_count(frame_rows),
        findings=tuple(window_findings),
    )


def window_summaries(window_summary: Collect[WindowSummary]) -> list[WindowSummary]:
    """Windows worked on in this execution."""
    return list(window_summary)


def parts(
    window_summaries: list[WindowSummary], finished_windows: list[WindowSummary]
) -> list[WindowSummary]:
    """Every window of the video, in order."""
    return sorted([*finished_windows, *window_summaries], key=lambda summary: summary.index)


def decoding_findings(
    source_findings: list[Finding], parts: list[WindowSummary], validation_mode: ValidationMode
) -> list[Finding]:
    """What decoding noticed, one a code; a video without any frame is refused unless nothing may stop it."""
    noticed = [*source_findings, *(one for part in parts for one in part.findings)]
    if not any(part.frame_count for part in parts):
        no_frames = finding("no_frames", "No frame could be decoded at any of the wanted times.")
        if blocking([no_frames], validation_mode):
            raise BadVideo(no_frames)
        noticed.append(no_frames)
    return list(once_a_code(noticed))


def manifest(
    work: WorkIdentity,
    bronze_video: BronzeVideo,
    embedder: Embedder,
    vector_dim: int,
    decoding_findings: list[Finding],
    parts: list[WindowSummary],
) -> Manifest:
    """What the work consists of."""
    return Manifest(
        pipeline_version=PIPELINE_VERSION,
        work=work,
        raw_key=bronze_video.raw_key,
        fingerprint=embedder.fingerprint,
        vector_dim=vector_dim,
        findings=tuple(decoding_findings),
        parts=tuple(parts),
    )


@tag(effect="writes")
def stored_manifest(manifest: Manifest, work: WorkIdentity, lake: Lake) -> str:
    """Key of the manifest, now in the lake: from here on the work is finished."""
    key = manifest_key(work)
    lake.put_bytes(key, manifest_bytes(manifest))
    return key


def silver_video(manifest: Manifest, stored_manifest: str) -> SilverVideo:
    """The record of what is in the video, once it is in the lake."""
    return silver_video_of(manifest)
