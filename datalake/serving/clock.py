"""Moments of a video as people write them."""

from __future__ import annotations


def clock(time_s: float) -> str:
    """Seconds as a moment: `0:05.2`, `1:02:03.0`."""
    tenths = round(time_s * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
