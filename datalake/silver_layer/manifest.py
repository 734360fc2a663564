"""The manifest: what a finished piece of silver work consists of. Pure: records and JSON, no node."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from datalake.contracts import SilverVideo, WorkIdentity


@dataclass(frozen=True)
class WindowSummary:
    """One finished window: its Parquet part and how many frames it holds."""

    index: int
    part_key: str
    frame_count: int
    kept_count: int


def manifest_key(work: WorkIdentity) -> str:
    """Lake key of the manifest."""
    return f"{work.prefix}/manifest.json"


def part_key(work: WorkIdentity, window_index: int) -> str:
    """Lake key of a window's Parquet part."""
    return f"{work.prefix}/frames/part-{window_index:05d}.parquet"


def frame_key(work: WorkIdentity, time_us: int) -> str:
    """Lake key of a kept frame's JPEG."""
    return f"{work.prefix}/images/{time_us:012d}.jpg"


def manifest_bytes(
    work: WorkIdentity, raw_key: str, fingerprint: str, vector_dim: int, parts: Sequence[WindowSummary]
) -> bytes:
    """The manifest as JSON; equal work gives equal bytes.

    Args:
        work: identity of the work.
        raw_key: lake key of the video that was looked at.
        fingerprint: the embedder's.
        vector_dim: length of a vector.
        parts: every window, in order.
    """
    content = {
        "version": 1,
        "work": work.model_dump(mode="json"),
        "raw_key": raw_key,
        "fingerprint": fingerprint,
        "vector_dim": vector_dim,
        "parts": [asdict(part) for part in parts],
    }
    return json.dumps(content, indent=1, sort_keys=True).encode()


def silver_video_from_manifest(manifest: bytes) -> SilverVideo:
    """The record of finished work, read back."""
    content = json.loads(manifest)
    work = WorkIdentity.model_validate(content["work"])
    parts = [WindowSummary(**part) for part in content["parts"]]
    return SilverVideo(
        work=work,
        manifest_key=manifest_key(work),
        vector_dim=content["vector_dim"],
        fingerprint=content["fingerprint"],
        frame_count=sum(part.frame_count for part in parts),
        kept_count=sum(part.kept_count for part in parts),
        part_keys=tuple(part.part_key for part in parts),
    )
