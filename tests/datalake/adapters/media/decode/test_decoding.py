from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av.filter import Graph

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.decode.decoding import Decoding
from datalake.adapters.media.decode.upright import SAYS_CHROMA_PLACE
from datalake.adapters.media.refusals import Refusal
from datalake.contracts import VideoStream
from tests.clips import HEIGHT_PX, WIDTH_PX, frame_number
from tests.clips.damage import scrambled_picture
from tests.descriptors import open_files

ALL = [number * 100_000 for number in range(20)]


def content(pixels: FileIO) -> bytes:
    """What was written."""
    pixels.seek(0)
    return pixels.readall()


def answered(
    decoding: Decoding, wanted_us: list[int], pixels: FileIO
) -> tuple[dict[str, list[Any]], list[int]]:
    """The answer of `frames`, and the numbers read from its pixels."""
    answer = decoding.frames(0, 10**9, wanted_us, pixels)
    images = np.frombuffer(content(pixels), np.uint8).reshape(-1, HEIGHT_PX, WIDTH_PX, 3)
    return answer, [frame_number(image) for image in images]


@pytest.fixture
def opened(media: MediaChildren) -> Callable[[Path, Path], Decoding]:
    def decoding(path: Path, whole: Path) -> Decoding:
        facts = media.probe_port().probe(whole).media
        assert facts is not None
        assert facts.video is not None
        child = Decoding(threads=1)
        child.open(str(path), asdict(CodedVideo.of(facts.video)))
        return child

    return decoding


@pytest.mark.parametrize("is_exact", [True, False])
def test_what_travels_to_the_parent(
    opened: Callable[[Path, Path], Decoding], make_clip: Callable[..., Path], pixels: FileIO, is_exact: bool
) -> None:
    decoding = opened(make_clip(), make_clip())
    result, numbers = answered(decoding, [0, 1_000_000], pixels)
    assert numbers == [0, 30]
    assert [time for time, _ in result["frames"]] == [0, 1_000_000]
    assert result["findings"] == []
    pixels.truncate(0)
    pixels.seek(0)
    count = decoding.keyframes(is_exact, pixels)
    times = np.frombuffer(content(pixels), np.int64).tolist()
    assert (count, times) == (4, [0, 500_000, 1_000_000, 1_500_000])
    decoding.close()


def test_of_much_damage_little_is_told(
    opened: Callable[[Path, Path], Decoding], make_clip: Callable[..., Path], pixels: FileIO, tmp_path: Path
) -> None:
    whole = make_clip(gop=6)
    damaged = whole.read_bytes()
    for number in range(0, 60, 12):
        damaged = scrambled_picture(damaged, number)
    (tmp_path / "damaged.mp4").write_bytes(damaged)
    decoding = opened(tmp_path / "damaged.mp4", whole)
    result, numbers = answered(decoding, ALL, pixels)
    assert numbers == [number for number in range(0, 60, 3) if number // 6 % 2]
    evidence = [one["evidence"] for one in result["findings"]]
    assert [text.split(":")[0] for text in evidence] == [
        "6 pictures between 0.000 s and 0.167 s",
        "6 pictures between 0.400 s and 0.567 s",
        "6 pictures between 0.800 s and 0.967 s",
    ]
    assert evidence[2].endswith("; and 2 more stretches up to 1.767 s")
    decoding.close()


def test_opening_what_is_no_video_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a video")
    stream = VideoStream(index=0, codec="h264", width_px=2, height_px=2, time_base=(1, 1000))
    with pytest.raises(Refusal, match="decode_failed: at opening the file"):
        Decoding(threads=1).open(str(tmp_path / "text"), asdict(CodedVideo.of(stream)))


def test_a_closed_file_is_let_go(
    opened: Callable[[Path, Path], Decoding], make_clip: Callable[..., Path]
) -> None:
    path = make_clip()
    decoding = opened(path, path)
    assert str(path) in open_files()
    decoding.close()
    decoding.close()
    assert str(path) not in open_files()


@pytest.mark.skipif(not SAYS_CHROMA_PLACE, reason="PyAV 18: no filters are used")
def test_filters_go_with_their_file(
    opened: Callable[[Path, Path], Decoding], make_clip: Callable[..., Path], pixels: FileIO
) -> None:
    path = make_clip()
    gc.collect()
    before = _graphs()
    decoding = opened(path, path)
    decoding.frames(0, 10**9, [0], pixels)
    assert _graphs() == before + 1
    decoding.close()
    assert _graphs() == before


def _graphs() -> int:
    return sum(type(one) is Graph for one in gc.get_objects())
