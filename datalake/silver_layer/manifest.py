"""The manifest: what a finished piece of silver work consists of. Pure: records and JSON, no node."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field

from datalake.contracts import SilverVideo, WorkIdentity
from datalake.contracts.base import Contract, ShortText
from datalake.contracts.media import Finding


class WindowSummary(Contract):
    """One finished window: its Parquet part, how many frames it holds, what decoding it noticed."""

    index: int
    part_key: str
    frame_count: int
    kept_count: int
    findings: tuple[Finding, ...] = ()


class Manifest(Contract):
    """The table of contents of one piece of silver work; stored last, so it lists what is there."""

    version: Literal[2] = Field(2, description="Version of this record.")
    pipeline_version: ShortText = Field(description="Version of the code that did the work.")
    work: WorkIdentity
    raw_key: str = Field(description="Lake key of the video that was looked at.")
    fingerprint: ShortText = Field(description="The embedder's.")
    vector_dim: int = Field(description="Length of a vector.")
    findings: tuple[Finding, ...] = Field(description="What decoding noticed, one a code.")
    parts: tuple[WindowSummary, ...] = Field(description="Every window, in order.")


def manifest_key(work: WorkIdentity) -> str:
    """Lake key of the manifest."""
    return f"{work.prefix}/manifest.json"


def part_key(work: WorkIdentity, window_index: int) -> str:
    """Lake key of a window's Parquet part; six digits sort a million windows, one a frame at most."""
    return f"{work.prefix}/frames/part-{window_index:06d}.parquet"


def image_key(sha256: str) -> str:
    """Lake key of a JPEG by the SHA-256 of its bytes, whatever videos show it."""
    return f"silver/images/{sha256[:2]}/{sha256}.jpg"


def manifest_bytes(manifest: Manifest) -> bytes:
    """The manifest as JSON; equal work gives equal bytes."""
    return json.dumps(manifest.model_dump(mode="json"), indent=1, sort_keys=True).encode()


def silver_video_of(manifest: Manifest) -> SilverVideo:
    """The record of finished work."""
    return SilverVideo(
        work=manifest.work,
        manifest_key=manifest_key(manifest.work),
        vector_dim=manifest.vector_dim,
        fingerprint=manifest.fingerprint,
        frame_count=sum(part.frame_count for part in manifest.parts),
        kept_count=sum(part.kept_count for part in manifest.parts),
        part_keys=tuple(part.part_key for part in manifest.parts),
        pipeline_version=manifest.pipeline_version,
        findings=manifest.findings,
    )


def silver_video_from_manifest(manifest: bytes) -> SilverVideo:
    """The record of finished work, read back."""
    return silver_video_of(Manifest.model_validate_json(manifest))
