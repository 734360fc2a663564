"""How regularly pictures follow each other. Pure: times in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_TOLERATED_DEVIATION = 0.1  # of the usual interval: encoders and capture cards jitter
_TOLERATED_SHARE = 0.01  # of the intervals: a picture was dropped now and then

_FEW = 4  # intervals of which the first and the last are judged as well


@dataclass(frozen=True)
class Intervals:
    """Times between pictures, in order of presentation: ticks, and the share that is unlike the usual one."""

    shortest: int
    longest: int
    usual: float
    odd_share: float

    @property
    def is_variable(self) -> bool:
        """True when the frame rate is not one number."""
        return self.odd_share > _TOLERATED_SHARE


def intervals(pts: npt.NDArray[np.int64]) -> Intervals | None:
    """The intervals between pictures at these times, in any order; None for fewer than two pictures.

    Times rounded to the container's ticks are regular: either all lie within a tick of an even grid, or an
    interval differs from the median by one tick only. The first and the last interval are not judged where
    there are enough others: muxers stretch them.
    """
    times = np.sort(pts)
    steps = np.diff(times)
    if not len(steps):
        return None
    usual = float(np.median(steps))
    inner = slice(1, -1) if len(steps) > _FEW else slice(None)
    judged, points = steps[inner], times[inner]
    tolerated = max(_TOLERATED_DEVIATION * usual, min(1.0, usual / 4))
    odd_share = 0.0 if _on_a_grid(points) else np.mean(abs(judged - usual) > tolerated)
    return Intervals(int(steps.min()), int(steps.max()), usual, float(odd_share))


def _on_a_grid(times: npt.NDArray[np.int64]) -> bool:
    grid = np.linspace(times[0], times[-1], len(times))
    return bool(np.ptp(times - grid) <= 1.0 + 1e-6)
