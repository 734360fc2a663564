"""Windows: the video cut into spans, and the decoded frames of one of them.

Everything from `window` to `window_summary` runs once a window, in order; no node keeps pixels beyond it.
"""

from __future__ import annotations

from hamilton.function_modifiers import tag
from hamilton.htypes import Parallelizable

from datalake.adapters.ports import DecodedWindow, Frame, FrameSource, Lake, Sampling, Window
from datalake.contracts import Finding, SamplingMode, ValidationMode, WorkIdentity
from datalake.errors import BadVideo
from datalake.findings import blocking
from datalake.silver_layer.manifest import WindowSummary, part_key
from datalake.silver_layer.part_metadata import stored_summary


def frame_sampling(
    sampling: SamplingMode,
    interval_s: float,
    max_frames: int,
    window_max_bytes: int,
    duration_limit_s: float | None,
) -> Sampling:
    """Which frames are wanted, seconds apart, and how many bytes of pixels fit a window."""
    return Sampling(interval_s, max_frames, window_max_bytes, duration_limit_s, sampling)


def source_findings(frame_source: FrameSource) -> list[Finding]:
    """Why there is no window at all; empty where there are some."""
    return list(frame_source.findings)


def windows(frame_source: FrameSource, frame_sampling: Sampling) -> list[Window]:
    """All spans of the video with the times wanted in each, microseconds, in order."""
    return list(frame_source.windows(frame_sampling))


def finished_windows(windows: list[Window], work: WorkIdentity, lake: Lake) -> list[WindowSummary]:
    """Windows whose part an earlier try has stored; nothing of them is decoded again."""
    return [
        stored_summary(work, window, lake) for window in windows if lake.exists(part_key(work, window.index))
    ]


def window(windows: list[Window], finished_windows: list[WindowSummary]) -> Parallelizable[Window]:
    """One span that is still to be worked on."""
    finished = {summary.index for summary in finished_windows}
    yield from (window for window in windows if window.index not in finished)


@tag(effect="decodes")
def decoded_window(frame_source: FrameSource, window: Window) -> DecodedWindow:
    """What could be decoded of the window, upright, RGB, and what went wrong with the rest."""
    return frame_source.decoded(window)


def frames(decoded_window: DecodedWindow, validation_mode: ValidationMode) -> list[Frame]:
    """The window's frames on screen at the wanted times, unless its damage stops the video in this mode."""
    stopping = blocking(decoded_window.findings, validation_mode)
    if stopping:
        raise BadVideo(stopping[0])
    return list(decoded_window.frames)


def window_findings(decoded_window: DecodedWindow, embedding_findings: list[Finding]) -> list[Finding]:
    """What decoding and embedding the window noticed, without its pixels."""
    return [*decoded_window.findings, *embedding_findings]
