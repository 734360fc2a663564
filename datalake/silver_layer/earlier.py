"""Earlier: what is known of the windows before this one, from the footer of the part of the latest of them.

That part is in the lake by the time a window starts, whether this execution wrote it or an earlier try.
"""

from __future__ import annotations

from datalake.adapters.ports import ContentBox, Lake, Window
from datalake.contracts import WorkIdentity
from datalake.frame_parts import read_metadata
from datalake.silver_layer.manifest import part_key
from datalake.silver_layer.part_metadata import box_of, recent_kept_of
from datalake.silver_layer.signatures import Signature


def part_before(windows: list[Window], window: Window, work: WorkIdentity, lake: Lake) -> dict[str, str]:
    """Footer of the part of the window before this one; empty for the first."""
    before = max((one.index for one in windows if one.index < window.index), default=None)
    return {} if before is None else read_metadata(lake, part_key(work, before))


def earlier_kept(part_before: dict[str, str]) -> dict[int, Signature]:
    """The latest 128 frames kept before this window: time in microseconds to signature."""
    return recent_kept_of(part_before)


def earlier_lit_box(part_before: dict[str, str]) -> ContentBox | None:
    """The smallest box around all that was lit before this window, pixels; None where nothing was."""
    return box_of(part_before, "lit_box")


def earlier_crop_box(part_before: dict[str, str]) -> ContentBox | None:
    """What images show of the frames of the window before, pixels; None where there was no frame yet."""
    return box_of(part_before, "crop_box")
