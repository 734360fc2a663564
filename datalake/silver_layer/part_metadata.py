"""What a part says of itself in its footer: whose it is, its window, what the next one needs. No node."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from datalake.adapters.ports import ContentBox, FrameRow, Lake, Window
from datalake.common_func import PIPELINE_VERSION
from datalake.contracts import Finding, WorkIdentity
from datalake.frame_parts import read_metadata
from datalake.silver_layer.manifest import WindowSummary, part_key


def part_metadata(
    work: WorkIdentity,
    window: Window,
    rows: Sequence[FrameRow],
    crop_box: ContentBox | None,
    findings: Sequence[Finding],
    recent_kept: Mapping[int, int],
) -> dict[str, str]:
    """The key/value metadata of a window's part.

    Args:
        work: identity of the work.
        window: the span that the part covers.
        rows: its frames.
        crop_box: what the stored images show of their frames; None without a frame.
        findings: what decoding the window noticed.
        recent_kept: kept frames that the next window is compared with, microseconds to perceptual hash.
    """
    return {
        **work.model_dump(),
        "pipeline_version": PIPELINE_VERSION,
        "window": str(window.index),
        "start_us": str(window.start_us),
        "end_us": str(window.end_us),
        "frame_count": str(len(rows)),
        "kept_count": str(kept_count(rows)),
        "crop_box": json.dumps(crop_box),
        "findings": json.dumps([finding.model_dump() for finding in findings]),
        "recent_kept": json.dumps({str(time_us): f"{phash:016x}" for time_us, phash in recent_kept.items()}),
    }


def kept_count(rows: Sequence[FrameRow]) -> int:
    """How many of the rows are no near-duplicates."""
    return sum(row.duplicate_of_us is None for row in rows)


def stored_summary(work: WorkIdentity, window: Window, lake: Lake) -> WindowSummary:
    """A finished window, summed up from the footer of its part.

    Raises:
        StoreUnavailable: the lake cannot be read.
    """
    key = part_key(work, window.index)
    metadata = read_metadata(lake, key)
    return WindowSummary(
        index=window.index,
        part_key=key,
        frame_count=int(metadata["frame_count"]),
        kept_count=int(metadata["kept_count"]),
        findings=tuple(Finding(**one) for one in json.loads(metadata["findings"])),
    )


def stored_recent_kept(lake: Lake, key: str) -> dict[int, int]:
    """`recent_kept` of a part, from its footer, in time order.

    Raises:
        StoreUnavailable: the lake cannot be read.
    """
    recent = json.loads(read_metadata(lake, key)["recent_kept"])
    return {int(time_us): int(phash, 16) for time_us, phash in recent.items()}
