"""Quality: what each frame is worth as a picture. Pure: no file, clock, network or environment."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datalake.adapters.ports import Frame

Luma = npt.NDArray[np.uint8]


def lumas(frames: list[Frame]) -> list[Luma]:
    """Luma (ITU-R BT.601) of each frame, (height, width), 0 to 255."""
    return [np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]


def blurs(lumas: list[Luma]) -> list[float]:
    """Variance of the Laplacian of each luma (Pech-Pacheco et al. 2000); low is blurred."""
    return [_variance(cv2.Laplacian(luma, cv2.CV_16S)) for luma in lumas]


def brightnesses(lumas: list[Luma]) -> list[float]:
    """Mean luma of each frame, 0 to 255."""
    return [float(cv2.mean(luma)[0]) for luma in lumas]


def _variance(values: cv2.typing.MatLike) -> float:
    _, deviation = cv2.meanStdDev(values)
    return float(deviation[0, 0] ** 2)
