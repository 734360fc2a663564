from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.decoding import Decoding, Reader
from datalake.contracts import VideoStream
from datalake.errors import BadVideo


@pytest.fixture
def reader(media: MediaChildren, make_clip: Callable[..., Path]) -> Callable[..., Reader]:
    def opened(**recipe: object) -> Reader:
        path = make_clip(**recipe)
        facts = media.probe_port().probe(path).media
        assert facts is not None
        assert facts.video is not None
        return Reader(str(path), facts.video, threads=1)

    return opened


def test_groups_that_nobody_wants_are_not_decoded(reader: Callable[..., Reader]) -> None:
    video = reader(frames=600, gop=12, b_frames=2)
    frames = list(video.frames(0, [0, 5_000_000, 10_000_000, 15_000_000]))
    assert [video.time_of(frame) for frame in frames] == [0, 5_000_000, 10_000_000, 15_000_000]
    assert video.decoded_frames < 100
    video.close()


def test_near_frames_are_decoded_on_without_a_seek(reader: Callable[..., Reader]) -> None:
    video = reader(frames=60, gop=12)
    assert len(list(video.frames(0, [number * 100_000 for number in range(20)]))) == 20
    assert video.decoded_frames <= 60
    video.close()


@pytest.mark.parametrize(
    "recipe",
    [
        {"suffix": ".mp4", "b_frames": 2},
        {"suffix": ".mkv", "b_frames": 2},
        {"suffix": ".ts"},
        {"suffix": ".avi", "codec": "mpeg4"},
        {"movflags": "frag_keyframe+empty_moov"},
        {"start_ms": 5000},
    ],
    ids=str,
)
def test_keyframes_from_an_index_or_from_the_packets(
    reader: Callable[..., Reader], recipe: dict[str, object]
) -> None:
    video = reader(**recipe)
    assert video.keyframes_us == pytest.approx([0, 500_000, 1_000_000, 1_500_000], abs=1000)
    video.close()


def test_opening_what_is_no_video_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a video")
    stream = VideoStream(index=0, codec="h264", width_px=2, height_px=2, time_base=(1, 1000))
    with pytest.raises(BadVideo, match="decode_failed: at opening the file"):
        Decoding(threads=1).open(str(tmp_path / "text"), stream.model_dump(mode="json"))
