from __future__ import annotations

import av
import numpy as np
import pytest

from datalake.adapters.media.proxy.pictures import proxy_size_px, turned
from datalake.contracts import VideoStream


def video(width_px: int, height_px: int) -> VideoStream:
    return VideoStream(index=0, codec="h264", width_px=width_px, height_px=height_px, time_base=(1, 90_000))


@pytest.mark.parametrize(
    ("source_px", "height_px", "expected"),
    [
        ((1920, 1080), 480, (854, 480)),
        ((1080, 1920), 480, (270, 480)),
        ((1920, 1080), 1080, (1920, 1080)),
        ((640, 360), 480, (640, 360)),
        ((161, 97), 480, (160, 96)),
        ((163, 97), 480, (162, 96)),
        ((1, 1), 480, (2, 2)),
        ((20_000, 16), 144, (20_000, 16)),
        ((3840, 2160), 144, (256, 144)),
    ],
)
def test_a_proxy_is_even_keeps_the_shape_and_is_never_larger(
    source_px: tuple[int, int], height_px: int, expected: tuple[int, int]
) -> None:
    assert proxy_size_px(video(*source_px), height_px) == expected


@pytest.mark.parametrize(("rotation_deg", "quarters"), [(0, 0), (90, -1), (180, -2), (270, -3)])
def test_a_picture_is_turned_clockwise_with_its_colours(rotation_deg: int, quarters: int) -> None:
    image = np.full((64, 96, 3), (30, 60, 200), np.uint8)
    image[:32, :48] = (200, 40, 40)
    stored = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
    found = turned(stored, rotation_deg).to_ndarray(format="rgb24")
    expected = np.rot90(stored.to_ndarray(format="rgb24"), quarters)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 2  # chroma is stored at half size
