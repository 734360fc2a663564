"""Windows: the video cut into spans, and the decoded frames of one of them.

Everything from `window` to `window_summary` runs once a window; no node keeps pixels beyond it.
"""

from __future__ import annotations

from hamilton.function_modifiers import tag
from hamilton.htypes import Parallelizable

from datalake.adapters.ports import Frame, FrameSource, Lake, Window
from datalake.contracts import WorkIdentity
from datalake.frame_parts import read_metadata
from datalake.silver_layer.manifest import WindowSummary, part_key


def windows(
    frame_source: FrameSource, interval_s: float, max_frames: int, window_max_bytes: int
) -> list[Window]:
    """All spans of the video with the times wanted in each, in order."""
    return list(frame_source.windows(interval_s, max_frames, window_max_bytes))


def finished_windows(windows: list[Window], work: WorkIdentity, lake: Lake) -> list[WindowSummary]:
    """Windows whose part an earlier try has stored; nothing of them is decoded again."""
    return [
        _stored_summary(work, window, lake) for window in windows if lake.exists(part_key(work, window.index))
    ]


def window(windows: list[Window], finished_windows: list[WindowSummary]) -> Parallelizable[Window]:
    """One span that is still to be worked on."""
    finished = {summary.index for summary in finished_windows}
    yield from (window for window in windows if window.index not in finished)


@tag(effect="decodes")
def frames(frame_source: FrameSource, window: Window) -> list[Frame]:
    """The window's frames on screen at the wanted times, upright, RGB."""
    return list(frame_source.frames(window))


def _stored_summary(work: WorkIdentity, window: Window, lake: Lake) -> WindowSummary:
    key = part_key(work, window.index)
    metadata = read_metadata(lake, key)
    return WindowSummary(window.index, key, int(metadata["frame_count"]), int(metadata["kept_count"]))
