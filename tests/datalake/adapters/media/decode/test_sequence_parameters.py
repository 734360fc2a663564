from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from datalake.adapters.media.decode.sequence_parameters import (
    h264_is_whole_frames,
    hevc_is_one_layer,
    parameters_in,
)

H264, HEVC = 7, 33
Clip = Callable[..., Path]


def parameters(path: Path, kind: int) -> list[bytes]:
    with av.open(str(path)) as container:
        units = list(parameters_in(bytes(container.streams.video[0].codec_context.extradata), kind))
    return [unit for unit in units if kind != H264 or unit[0] & 31 == H264]


@pytest.mark.parametrize("profile", ["baseline", "main", "high", "high422"])
def test_frames_of_an_encoder(make_clip: Clip, profile: str) -> None:
    pixels = "yuv422p" if profile == "high422" else "yuv420p"
    options = (("profile", profile), ("preset", "ultrafast"))
    units = parameters(make_clip(pixel_format=pixels, codec_options=options), H264)
    assert [h264_is_whole_frames(unit) for unit in units] == [True]


def test_pictures_of_two_fields(make_clip: Clip) -> None:
    assert [h264_is_whole_frames(unit) for unit in parameters(make_clip(interlaced=True), H264)] == [False]


def test_scaling_lists_are_not_read() -> None:
    """Profile 100 (High), level 30, numbers 0, 4:2:0, with lists."""
    bits = "01100100" + "0" * 8 + "00011110" + "1" + "010" + "1" + "1" + "0" + "1"
    assert not h264_is_whole_frames(b"\x67" + int(bits.ljust(40, "0"), 2).to_bytes(5, "big"))


@pytest.mark.parametrize("count_order", ["010", "011"])
def test_pictures_counted_in_other_ways(count_order: str) -> None:
    """Profile 66, level 30, numbers 0: with order 1 (one offset of a cycle), and with order 2."""
    cycle = "1" + "1" + "1" + "010" + "1" if count_order == "010" else ""
    bits = "01000010" + "0" * 8 + "00011110" + "1" + "1" + count_order + cycle + "1" + "0" + "1" + "1" + "1"
    unit = b"\x67" + int(bits.ljust(48, "0"), 2).to_bytes(6, "big")
    assert h264_is_whole_frames(unit)


def test_layers_of_time(make_clip: Clip) -> None:
    plain = parameters(make_clip(codec="libx265", b_frames=2), HEVC)
    layered = parameters(make_clip(codec="libx265", b_frames=3, params="temporal-layers=3"), HEVC)
    assert [hevc_is_one_layer(unit) for unit in (*plain, *layered)] == [True, False]


@pytest.mark.parametrize("end", [1, 3, 5])
def test_parameters_that_break_off(make_clip: Clip, end: int) -> None:
    (unit,) = parameters(make_clip(), H264)
    with pytest.raises(EOFError):
        h264_is_whole_frames(unit[:end])


@pytest.mark.parametrize("kind", [H264, HEVC])
@pytest.mark.parametrize("head", [b"", b"\x01", bytes(22) + b"\xff", b"\x01" * 60])
def test_a_broken_header_gives_what_it_holds(head: bytes, kind: int) -> None:
    assert sum(map(len, parameters_in(head, kind))) <= len(head)
