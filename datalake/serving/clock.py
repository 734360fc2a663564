"""Moments of a video, and ages, as people write them."""

from __future__ import annotations


def clock(time_s: float) -> str:
    """Seconds as a moment: `0:05.2`, `1:02:03.0`."""
    tenths = round(time_s * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def age(age_s: float) -> str:
    """Seconds in the largest unit that fits: `59 s`, `3 min`, `47 h`, `12 d`."""
    for unit, unit_s, below_s in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 2 * 86400)):
        if age_s < below_s:
            return f"{int(age_s / unit_s)} {unit}"
    return f"{int(age_s / 86400)} d"
