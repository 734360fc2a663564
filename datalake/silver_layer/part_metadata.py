"""What a part says of itself in its footer: whose it is, its window, what the next one needs. No node."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from datalake.adapters.ports import ContentBox, FrameRow, Lake, Window
from datalake.common_func import PIPELINE_VERSION
from datalake.contracts import Finding, WorkIdentity
from datalake.frame_parts import read_metadata
from datalake.silver_layer.manifest import WindowSummary, part_key
from datalake.silver_layer.signatures import Signature


def part_metadata(
    work: WorkIdentity,
    window: Window,
    rows: Sequence[FrameRow],
    lit_box: ContentBox | None,
    crop_box: ContentBox | None,
    findings: Sequence[Finding],
    recent_kept: Mapping[int, Signature],
) -> dict[str, str]:
    """The key/value metadata of a window's part.

    Args:
        work: identity of the work.
        window: the span that the part covers.
        rows: its frames.
        lit_box: smallest box around all that was lit up to the end of the window; None where nothing was.
        crop_box: what the stored images show of their frames; None before the first frame.
        findings: what decoding the window noticed.
        recent_kept: kept frames that the next window is compared with, microseconds to signature.
    """
    return {
        **work.model_dump(),
        "pipeline_version": PIPELINE_VERSION,
        "window": str(window.index),
        "start_us": str(window.start_us),
        "end_us": str(window.end_us),
        "frame_count": str(len(rows)),
        "kept_count": str(kept_count(rows)),
        "lit_box": json.dumps(lit_box),
        "crop_box": json.dumps(crop_box),
        "findings": json.dumps([finding.model_dump() for finding in findings]),
        "recent_kept": json.dumps({str(time_us): one.as_text() for time_us, one in recent_kept.items()}),
    }


def kept_count(rows: Sequence[FrameRow]) -> int:
    """How many of the rows are no near-duplicates."""
    return sum(row.duplicate_of_us is None for row in rows)


def stored_summary(work: WorkIdentity, window: Window, lake: Lake) -> WindowSummary:
    """A finished window, summed up from the footer of its part.

    Raises:
        StoreUnavailable: the lake cannot be read.
        ValueError: the part is another window's: windows are cut otherwise without a new PIPELINE_VERSION.
    """
    key = part_key(work, window.index)
    metadata = read_metadata(lake, key)
    span_us = (int(metadata["start_us"]), int(metadata["end_us"]))
    if span_us != (window.start_us, window.end_us):
        raise ValueError(f"{key} holds the frames of {span_us} us, not of {window}")
    return WindowSummary(
        index=window.index,
        part_key=key,
        frame_count=int(metadata["frame_count"]),
        kept_count=int(metadata["kept_count"]),
        findings=tuple(Finding(**one) for one in json.loads(metadata["findings"])),
    )


def recent_kept_of(metadata: Mapping[str, str]) -> dict[int, Signature]:
    """`recent_kept` of a part's metadata, in time order; empty where there is no part."""
    recent = json.loads(metadata.get("recent_kept", "{}"))
    return {int(time_us): Signature.from_text(text) for time_us, text in recent.items()}


def box_of(metadata: Mapping[str, str], name: Literal["lit_box", "crop_box"]) -> ContentBox | None:
    """A box of a part's metadata; None where there is none, or no part."""
    sides = json.loads(metadata.get(name, "null"))
    return None if sides is None else ContentBox(*sides)
