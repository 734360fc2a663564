from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from datalake.adapters.media.decode.clock import Clock
from datalake.contracts import VideoStream

STREAM = VideoStream(index=0, codec="h264", width_px=2, height_px=2, time_base=(1, 90_000), start_pts=900)


def test_ticks_are_counted_from_the_start() -> None:
    clock = Clock(STREAM, "mpegts")
    assert clock.us(90_900) == 1_000_000
    assert clock.ticks(1_000_000) == 90_900
    assert clock.us(clock.ticks(33_334)) <= 33_334


def test_a_frame_without_a_time_follows_the_one_before() -> None:
    clock, frame = Clock(STREAM, "mpegts"), av.VideoFrame(2, 2)
    frame.pts, frame.duration = 1000, 3000
    assert clock.pts(frame) == 1000
    frame.pts = None
    assert [clock.pts(frame), clock.pts(frame)] == [4000, 7000]


def test_a_frame_without_a_time_and_with_none_before_has_none() -> None:
    clock, timed, untimed = Clock(STREAM, "mpegts"), av.VideoFrame(2, 2), av.VideoFrame(2, 2)
    timed.pts, untimed.duration = 1000, 3000
    assert [clock.pts(one) for one in (untimed, timed, untimed)] == [None, 1000, 4000]
    clock.restart()
    assert clock.pts(untimed) is None


def test_a_frame_without_a_time_has_none_behind_a_jump() -> None:
    clock, frame = Clock(STREAM, "mpegts"), av.VideoFrame(2, 2)
    frame.pts = 1000
    clock.pts(frame)
    clock.restart()
    frame.pts = None
    assert clock.pts(frame) is None


def test_avi_without_its_first_picture_goes_by_what_is_guessed() -> None:
    clock, frame = Clock(STREAM, "avi"), av.VideoFrame(2, 2)
    frame.pts = frame.dts = 905
    assert clock.pts(frame) == 905


@pytest.mark.parametrize("recipe", [{"b_frames": 3}, {"codec": "mpeg4", "b_frames": 2}, {"codec": "mpeg4"}])
def test_avi_counts_its_pictures(make_clip: Callable[..., Path], recipe: dict[str, object]) -> None:
    with av.open(str(make_clip(suffix=".avi", frames=30, **recipe))) as container:
        frames = list(container.decode(video=0))
        base = container.streams.video[0].time_base
    stream = STREAM.model_copy(
        update={"time_base": (base.numerator, base.denominator), "start_pts": frames[0].pts}
    )
    clock = Clock(stream, "avi")
    assert [clock.us(clock.pts(frame)) for frame in frames] == [round(n * 1e6 / 30) for n in range(30)]
