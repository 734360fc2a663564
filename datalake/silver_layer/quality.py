"""Quality: what each frame is worth as a picture. Pure: no file, clock, network or environment.

Only raw scores are made and stored here; what is blurred, dark or blank is decided later, by thresholds.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from datalake.adapters.ports import PictureScores
from datalake.silver_layer.pictures import Luma, commonest_share, reduced

_SMALL_PX = 64


def blurs(content_lumas: list[Luma]) -> list[float]:
    """Variance of each luma's Laplacian at full size (Pech-Pacheco et al. 2000); low is blurred."""
    return [_laplacian_variance(luma) for luma in content_lumas]


def brightnesses(content_lumas: list[Luma]) -> list[float]:
    """Mean of each luma, 0 to 255."""
    return [float(cv2.mean(luma)[0]) for luma in content_lumas]


def contrasts(content_lumas: list[Luma]) -> list[float]:
    """Standard deviation of each luma, 0 to 127.5 (RMS contrast, Peli 1990)."""
    return [float(cv2.meanStdDev(luma)[1][0, 0]) for luma in content_lumas]


def blank_shares(content_lumas: list[Luma]) -> list[float]:
    """Share of each luma's pixels, 0 to 1, that one shade of grey has, give or take four of 256 levels.

    Of a large luma 256 rows are looked at.
    """
    return [commonest_share(luma) for luma in content_lumas]


def differences(lumas: list[Luma]) -> list[float | None]:
    """Mean absolute difference of each luma to the one before, at 64x64, 0 to 255; None for the first."""
    small = [reduced(luma, _SMALL_PX).astype(np.int16) for luma in lumas]
    later = [float(np.abs(after - before).mean()) for before, after in pairwise(small)]
    return [None, *later][: len(lumas)]


def picture_scores(
    blurs: list[float],
    brightnesses: list[float],
    contrasts: list[float],
    blank_shares: list[float],
    differences: list[float | None],
) -> list[PictureScores]:
    """The raw scores, frame by frame."""
    columns = zip(blurs, brightnesses, contrasts, blank_shares, differences, strict=True)
    return [
        PictureScores(
            blur=blur, brightness=brightness, contrast=contrast, blank_share=share, difference=difference
        )
        for blur, brightness, contrast, share, difference in columns
    ]


def _laplacian_variance(luma: Luma) -> float:
    laplacian = cv2.Laplacian(luma, cv2.CV_16S)
    # mean of squares less square of mean: a quarter of the time of meanStdDev, and as exact in integers
    return cv2.norm(laplacian, cv2.NORM_L2SQR) / laplacian.size - cv2.mean(laplacian)[0] ** 2
