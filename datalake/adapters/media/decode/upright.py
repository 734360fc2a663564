"""A decoded picture as it is to be seen."""

from __future__ import annotations

import gc
from typing import Any, cast

from av.filter import Graph
from av.video.frame import VideoFrame

from datalake.adapters.media.decode.coded_video import CodedVideo

_PLANES = {"nv12": "yuv420p"}
_TURNS = {0: (), 90: ("transpose=clock",), 180: ("vflip", "hflip"), 270: ("transpose=cclock",)}
_UNSPECIFIED = 2  # ITU-T H.273
# PyAV 19 does (Python 3.12). Filters have to be told where chroma samples lie; swscale looks itself
SAYS_CHROMA_PLACE = hasattr(VideoFrame, "chroma_location")


def in_planes(frame: VideoFrame) -> VideoFrame:
    """A GPU's picture with its samples laid out as software lays them out; none is changed.

    swscale makes RGB of the GPU's order in another way, and it differs by up to 14 of 256 levels.
    """
    planes = _PLANES.get(frame.format.name)
    return frame if planes is None else frame.reformat(format=planes)


def _chroma_place(frame: VideoFrame) -> int:
    """Where the chroma samples lie, as FFmpeg numbers it; the types of PyAV 18 do not know it either."""
    return int(cast("Any", frame).chroma_location)


class Upright:
    """Turns the pictures of a stream as it says; one of another size is scaled to the video's.

    FFmpeg's filters do it, in memory that they use again; with PyAV 18 swscale does, in new memory.
    """

    def __init__(self, video: CodedVideo) -> None:
        self._video = video
        self._graph: Graph | None = None
        self._made_for: tuple[object, ...] = ()

    def __call__(self, frame: VideoFrame) -> memoryview:
        """RGB pixels, (height, width, 3) bytes.

        Raises:
            av.error.FFmpegError: FFmpeg does not know the format, or the matrix of the colours.
        """
        if not SAYS_CHROMA_PLACE:
            return self._by_swscale(frame)
        samples = (frame.colorspace, frame.color_range, _chroma_place(frame))
        kind = (frame.format.name, frame.width, frame.height, *samples)
        if self._graph is None or kind != self._made_for:
            if self._graph is not None:
                self._graph = None
                gc.collect()  # PyAV's filters refer to each other, and hold pictures
            self._graph, self._made_for = self._filters(frame), kind
        # nothing is converted by these, but filters refuse some that files have
        frame.color_primaries = frame.color_trc = _UNSPECIFIED
        self._graph.push(frame)
        return _rows(self._graph.vpull())

    def _by_swscale(self, frame: VideoFrame) -> memoryview:
        width, height = self._coded_size()
        picture = frame.reformat(width=width, height=height, format="rgb24")
        if self._video.rotation_deg == 0:
            return _rows(picture)
        import numpy as np  # a child that turns nothing starts without it

        turned = np.rot90(picture.to_ndarray(), -self._video.rotation_deg // 90)
        return np.ascontiguousarray(turned, np.uint8).data

    def _coded_size(self) -> tuple[int, int]:
        """Width and height before it is turned."""
        width, height = self._video.width_px, self._video.height_px
        return (height, width) if self._video.rotation_deg in (90, 270) else (width, height)

    def _filters(self, frame: VideoFrame) -> Graph:
        width, height = self._coded_size()
        place = str(_chroma_place(frame))
        graph = Graph()
        graph.threads = 1  # the decoder has those that were given
        graph.link_nodes(
            graph.add(
                "buffer",
                video_size=f"{frame.width}x{frame.height}",
                pix_fmt=frame.format.name,
                time_base="1/1",
                colorspace=str(int(frame.colorspace)),
                range=str(int(frame.color_range)),
            ),
            graph.add("scale", f"{width}:{height}:flags=bilinear:interl=-1:in_chroma_loc={place}"),
            graph.add("format", "rgb24"),
            *(graph.add(*turn.split("=")) for turn in _TURNS[self._video.rotation_deg]),
            graph.add("buffersink"),
        ).configure()
        return graph


def _rows(picture: VideoFrame) -> memoryview:
    """The picture's own memory, unless its rows are padded or lie bottom up."""
    pixels, pitch_bytes = memoryview(picture.planes[0]), picture.planes[0].line_size
    row_bytes, height = 3 * picture.width, picture.height
    if pitch_bytes != row_bytes:
        top = max(0, -pitch_bytes) * (height - 1)
        starts = range(top, top + height * pitch_bytes, pitch_bytes)
        pixels = memoryview(b"".join([pixels[start : start + row_bytes] for start in starts]))
    return pixels.cast("B", (height, picture.width, 3))
