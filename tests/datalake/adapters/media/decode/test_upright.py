from __future__ import annotations

import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame

from datalake.adapters.media.decode.upright import in_planes, upright
from datalake.contracts import VideoStream

WIDTH_PX, HEIGHT_PX = 320, 240
FULL, LIMITED, BT709 = 2, 1, 1


def stream(rotation_deg: int = 0) -> VideoStream:
    turned = rotation_deg in (90, 270)
    width_px, height_px = (HEIGHT_PX, WIDTH_PX) if turned else (WIDTH_PX, HEIGHT_PX)
    return VideoStream(
        index=0,
        codec="h264",
        width_px=width_px,
        height_px=height_px,
        rotation_deg=rotation_deg,
        time_base=(1, 1000),
    )


def planar(pixel_format: str, colour_range: int) -> VideoFrame:
    """A picture as software decodes it."""
    rough = np.random.default_rng(1).integers(0, 256, (12, 16, 3), np.uint8)
    smooth = cv2.resize(rough, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    frame = VideoFrame.from_ndarray(np.asarray(smooth, np.uint8), format="rgb24").reformat(
        format=pixel_format
    )
    frame.color_range, frame.colorspace = colour_range, BT709
    return frame


def as_gpu_gives_it(frame: VideoFrame) -> VideoFrame:
    """The same samples with both chroma planes in one, sample by sample, and ten bits in the upper ones."""
    is_deep = "10" in frame.format.name
    samples, shift = (np.uint16, 6) if is_deep else (np.uint8, 0)
    luma, blue, red = (
        np.frombuffer(plane, samples).reshape(plane.height, -1)[:, : plane.width] << shift
        for plane in frame.planes
    )
    given = VideoFrame(frame.width, frame.height, "p010le" if is_deep else "nv12")
    chroma = np.stack([blue, red], -1).reshape(len(blue), -1)
    for plane, values in zip(given.planes, (luma, chroma), strict=True):
        padded = np.zeros((len(values), plane.line_size // samples().itemsize), samples)
        padded[:, : values.shape[1]] = values
        plane.update(padded.tobytes())
    given.color_range, given.colorspace = frame.color_range, frame.colorspace
    return given


@pytest.mark.parametrize(
    ("pixel_format", "colour_range"),
    [("yuv420p", LIMITED), ("yuv420p", FULL), ("yuvj420p", FULL), ("yuv420p", 0), ("yuv420p10le", LIMITED)],
)
def test_a_gpus_picture_has_the_same_rgb(pixel_format: str, colour_range: int) -> None:
    frame = planar(pixel_format, colour_range)
    expected = upright(frame, stream())
    assert np.array_equal(upright(in_planes(as_gpu_gives_it(frame)), stream()), expected)


def test_what_lies_in_planes_is_left_alone() -> None:
    frame = planar("yuv420p", LIMITED)
    assert in_planes(frame) is frame


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_pictures_are_turned_upright(rotation_deg: int) -> None:
    frame = planar("yuv420p", LIMITED)
    turned = upright(frame, stream(rotation_deg))
    assert turned.flags.c_contiguous
    assert np.array_equal(turned, np.rot90(upright(frame, stream()), -rotation_deg // 90))
