"""A decoded picture as it is to be seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from datalake.contracts import VideoStream

_PLANES = {"nv12": "yuv420p"}


def in_planes(frame: VideoFrame) -> VideoFrame:
    """A GPU's picture with its samples laid out as software lays them out; none is changed.

    swscale makes RGB of the GPU's order in another way, and it differs by up to 14 of 256 levels.
    """
    planes = _PLANES.get(frame.format.name)
    return frame if planes is None else frame.reformat(format=planes)


def upright(frame: VideoFrame, video: VideoStream) -> npt.NDArray[np.uint8]:
    """RGB pixels, turned as the stream says; a frame of another size is scaled to the video's."""
    turned = video.rotation_deg in (90, 270)
    width, height = video.width_px, video.height_px
    if turned:
        width, height = height, width
    image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return np.ascontiguousarray(np.rot90(image, -video.rotation_deg // 90))
