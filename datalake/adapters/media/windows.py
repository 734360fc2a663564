"""Which times are wanted, and how they are cut into windows. Pure: no file, no decoder."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from datalake.adapters.ports import Sampling, Window

MAX_WINDOW_FRAMES = 128  # a window is also the unit of progress: of a lease, of a Parquet part
_LARGE = 8  # frames of a window


def sampled_end_us(duration_s: float, sampling: Sampling) -> int:
    """Where the part of a video ends that frames are wanted of, microseconds."""
    limit_s = sampling.duration_limit_s
    return round((duration_s if limit_s is None else min(duration_s, limit_s)) * 1_000_000)


def wanted_times_us(end_us: int, keyframes_us: Sequence[int], sampling: Sampling) -> list[int]:
    """When frames are wanted: every interval from 0 on, or at keyframes; `max_frames` at most.

    Args:
        end_us: nothing is wanted from here on, but always the first frame.
        keyframes_us: times of the keyframes, rising; without any, they are wanted every interval.
        sampling: the mode, the interval and the most frames.
    """
    if sampling.mode == "keyframe" and keyframes_us:
        return _thinned_us(keyframes_us, end_us, sampling)
    count = max(1, min(sampling.max_frames, math.ceil(end_us / (sampling.interval_s * 1_000_000))))
    return [round(number * sampling.interval_s * 1_000_000) for number in range(count)]


def _thinned_us(keyframes_us: Sequence[int], end_us: int, sampling: Sampling) -> list[int]:
    """The first keyframe that is shown, and each that is an interval or more after the last one taken."""
    shown = keyframes_us[bisect_left(keyframes_us, 0) : bisect_left(keyframes_us, end_us)]
    taken = list(shown[:1]) or [0]
    for time_us in shown:
        if len(taken) == sampling.max_frames:
            break
        if time_us - taken[-1] >= sampling.interval_s * 1_000_000:
            taken.append(time_us)
    return taken


def cut_windows(
    wanted_us: Sequence[int],
    keyframes_us: Sequence[int],
    window_frames: int,
    end_us: int,
    pictures: int | None = None,
) -> list[Window]:
    """Windows of at most `window_frames` wanted times, cut where a group of pictures begins if one does.

    The first of several is a quarter of that, unless windows are small as they are: its images are soon there
    to be seen, and the model has work.
    The spans [start_us, end_us) lie end to end: one ends just after its last wanted time, so the frame first
    on screen at a wanted time begins in that time's own window, and no frame belongs to two. Cuts that only
    a window's first half would allow are not taken: they would make windows small.
    """
    group = [bisect_right(keyframes_us, time_us) for time_us in wanted_us]
    window_frames = min(window_frames, MAX_WINDOW_FRAMES)
    frames = window_frames // 4 if len(wanted_us) > window_frames >= _LARGE else window_frames
    windows: list[Window] = []
    first = start_us = 0
    while first < len(wanted_us):
        past = min(first + frames, len(wanted_us))
        if past < len(wanted_us):
            candidates = range(past, first + frames // 2, -1)
            past = next((i for i in candidates if group[i] != group[i - 1]), past)
        next_us = wanted_us[past - 1] + 1 if past < len(wanted_us) else max(end_us, wanted_us[-1] + 1)
        keyframe_us = keyframes_us[group[first] - 1] if group[first] else 0
        wanted = tuple(wanted_us[first:past])
        windows.append(Window(len(windows), start_us, next_us, wanted, keyframe_us, pictures=pictures))
        first, start_us, frames = past, next_us, window_frames
    return windows


def shot_windows(windows: Sequence[Window], sampling: Sampling) -> list[Window]:
    """The same number of windows for shots: each spans the intervals of its wanted times."""
    every_us = round(sampling.interval_s * 1_000_000)
    starts_us = [window.wanted_us[0] for window in windows]
    ends_us = [*starts_us[1:], windows[-1].wanted_us[-1] + every_us] if windows else []
    return [
        replace(window, start_us=start_us, end_us=end_us, wanted_us=(), shots_every_us=every_us)
        for window, start_us, end_us in zip(windows, starts_us, ends_us, strict=True)
    ]
