"""A decoded picture as it is to be seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.frame import VideoFrame

from datalake.contracts import VideoStream

_PLANES = {"nv12": "yuv420p"}
_TURNS = {0: (), 90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}


def in_planes(frame: VideoFrame) -> VideoFrame:
    """A GPU's picture with its samples laid out as software lays them out; none is changed.

    swscale makes RGB of the GPU's order in another way, and it differs by up to 14 of 256 levels.
    """
    planes = _PLANES.get(frame.format.name)
    return frame if planes is None else frame.reformat(format=planes)


class Upright:
    """Turns the pictures of a stream as it says; one of another size is scaled to the video's.

    FFmpeg's filters do it, in memory that they use again: a new picture of 1080p each time takes 4 ms, not 1.
    """

    def __init__(self, video: VideoStream) -> None:
        self._video = video
        self._graph = Graph()
        self._made_for: tuple[object, ...] = ()

    def __call__(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """RGB pixels, (height, width, 3); the next picture may take their memory once they are let go."""
        samples = (frame.colorspace, frame.color_range, frame.chroma_location)
        kind = (frame.format.name, frame.width, frame.height, *samples)
        if kind != self._made_for:
            self._graph, self._made_for = self._filters(frame), kind
        self._graph.push(frame)
        return np.ascontiguousarray(self._graph.vpull().to_ndarray(), np.uint8)

    def _filters(self, frame: VideoFrame) -> Graph:
        width, height = self._video.width_px, self._video.height_px
        if self._video.rotation_deg in (90, 270):
            width, height = height, width
        chroma_place = int(frame.chroma_location)
        graph = Graph()
        graph.link_nodes(
            graph.add(
                "buffer",
                video_size=f"{frame.width}x{frame.height}",
                pix_fmt=frame.format.name,
                time_base="1/1",
                colorspace=str(int(frame.colorspace)),
                range=str(int(frame.color_range)),
            ),
            graph.add("scale", f"{width}:{height}:flags=bilinear:interl=-1:in_chroma_loc={chroma_place}"),
            graph.add("format", "rgb24"),
            *(graph.add(*turn.split("=")) for turn in _TURNS[self._video.rotation_deg]),
            graph.add("buffersink"),
        ).configure()
        return graph
