from __future__ import annotations

import weakref
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.error import FFmpegError
from av.filter import Graph
from av.video.frame import VideoFrame

from datalake.adapters.media.decode import upright as upright_module
from datalake.adapters.media.decode.upright import Upright, in_planes
from datalake.adapters.ports import Image
from datalake.contracts import VideoStream
from tests.clips import clips_folder, kept

WIDTH_PX, HEIGHT_PX = 320, 240
FULL, LIMITED, BT709 = 2, 1, 1
LEFT, TOP_LEFT = 1, 3

uses_filters = pytest.mark.skipif(not upright_module.SAYS_CHROMA_PLACE, reason="PyAV 18: swscale does it")


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


def upright(frame: VideoFrame, video: VideoStream) -> Image:
    return np.array(Upright(video)(frame))


def by_itself(frame: VideoFrame) -> Image:
    return np.asarray(frame.reformat(format="rgb24").to_ndarray(), np.uint8)


def planar(pixel_format: str, colour_range: int, seed: int = 1) -> VideoFrame:
    """A picture as software decodes it."""
    rough = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
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
    made = Upright(stream(rotation_deg))
    turned = made(frame)
    assert turned.c_contiguous
    assert np.array_equal(turned, np.rot90(upright(frame, stream()), -rotation_deg // 90))


@pytest.mark.parametrize("chroma_location", [0, LEFT, TOP_LEFT])
@pytest.mark.parametrize("colour_range", [0, LIMITED, FULL])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv420p10le", "gray", "p010le", "yuva420p"])
def test_colours_are_those_that_swscale_makes_by_itself(
    pixel_format: str, colour_range: int, chroma_location: int
) -> None:
    frame = planar(pixel_format, colour_range)
    if upright_module.SAYS_CHROMA_PLACE:
        frame.chroma_location = chroma_location
    assert np.array_equal(upright(frame, stream()), by_itself(frame))


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "gbrp"])
@pytest.mark.parametrize(("primaries", "transfer"), [(0, 2), (2, 3), (255, 0), (9, 16)])
@pytest.mark.parametrize("matrix", [0, 1, 3, 9, 14])
def test_what_a_stream_says_of_its_colours_is_taken_as_swscale_takes_it(
    pixel_format: str, primaries: int, transfer: int, matrix: int
) -> None:
    frame = planar(pixel_format, LIMITED)
    frame.color_primaries, frame.color_trc, frame.colorspace = primaries, transfer, matrix
    try:
        expected = by_itself(frame)
    except FFmpegError:
        with pytest.raises(FFmpegError):
            upright(frame, stream())
    else:
        assert np.array_equal(upright(frame, stream()), expected)


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_where_pyav_does_not_say_where_chroma_lies_pictures_are_the_same(
    rotation_deg: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = planar("yuv420p", LIMITED)
    expected = upright(frame, stream(rotation_deg))
    monkeypatch.setattr(upright_module, "SAYS_CHROMA_PLACE", False)
    assert np.array_equal(upright(frame, stream(rotation_deg)), expected)


def test_rows_that_are_padded_in_memory_come_out_without() -> None:
    narrow = planar("yuv420p", LIMITED).reformat(width=122, height=90)
    made = Upright(stream().model_copy(update={"width_px": 122, "height_px": 90}))
    for _ in range(2):
        assert made(narrow).c_contiguous
        assert np.array_equal(made(narrow), by_itself(narrow))


@pytest.mark.parametrize("says_chroma_place", [False, pytest.param(True, marks=uses_filters)])
@pytest.mark.parametrize("width", [64, 61])
def test_rows_that_lie_bottom_up_in_memory_come_out_top_down(
    width: int, says_chroma_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upright_module, "SAYS_CHROMA_PLACE", says_chroma_place)
    image = np.random.default_rng(0).integers(0, 256, (6, width, 3), np.uint8)
    frame = _flipped(VideoFrame.from_ndarray(image, format="rgb24"))
    assert frame.planes[0].line_size < 0
    found = upright(frame, stream().model_copy(update={"width_px": width, "height_px": 6}))
    assert np.array_equal(found, image[::-1])


def _flipped(frame: VideoFrame) -> VideoFrame:
    graph = Graph()
    source = graph.add(
        "buffer", video_size=f"{frame.width}x{frame.height}", pix_fmt=frame.format.name, time_base="1/1"
    )
    graph.link_nodes(source, graph.add("vflip"), graph.add("buffersink")).configure()
    graph.push(frame)
    return graph.vpull()


@uses_filters
def test_filters_have_one_thread_and_go_with_the_pictures_they_were_made_for() -> None:
    made = Upright(stream())
    made(planar("yuv420p", LIMITED))
    assert made._graph is not None
    assert made._graph.threads == 1
    first = weakref.ref(made._graph)
    made(planar("yuv422p", LIMITED))
    assert first() is None


def test_interlaced_pictures_keep_their_fields_apart() -> None:
    path = kept(clips_folder() / "interlaced.ts", _write_interlaced)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert all(frame.interlaced_frame for frame in frames)
    made = Upright(stream())
    for frame in frames:
        assert np.array_equal(made(frame), by_itself(frame))


@uses_filters
def test_memory_is_used_again_but_never_under_a_reader() -> None:
    made, first, second = Upright(stream()), planar("yuv420p", LIMITED), planar("yuv420p", LIMITED, seed=2)
    held, other = np.asarray(made(first)), np.asarray(made(second))
    assert np.array_equal(held, upright(first, stream()))
    places = {held.ctypes.data, other.ctypes.data}
    del held, other
    assert {np.asarray(made(first)).ctypes.data for _ in range(5)} <= places


def test_a_picture_that_looks_otherwise_midway_is_made_the_same() -> None:
    made = Upright(stream())
    small = planar("yuv420p", FULL).reformat(width=100, height=80)
    for frame in (planar("yuv420p", LIMITED), small, planar("yuv422p", FULL), planar("yuv420p", FULL)):
        assert np.array_equal(made(frame), upright(frame, stream()))
        assert made(frame).shape == (HEIGHT_PX, WIDTH_PX, 3)


def _write_interlaced(path: Path) -> None:
    with av.open(str(path), "w") as container:
        coded = container.add_stream("libx264", rate=25)
        coded.width, coded.height, coded.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        coded.codec_context.options = {"x264-params": "interlaced=1"}
        for number in range(3):
            frame = planar("yuv420p", LIMITED, seed=number)
            frame.pts = number
            container.mux(coded.encode(frame))
        container.mux(coded.encode(None))
