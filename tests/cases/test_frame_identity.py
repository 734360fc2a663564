"""The frames that silver is given are those of a plain decode of the whole file, pixel by pixel."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import Frame, FrameSource, Image, Sampling, Window
from tests.cases.case import Case
from tests.cases.table import CASES
from tests.clips import frame_number

UNDAMAGED = [case for case in CASES if not case.is_damaged]
INTERVALS_S = (0.2, 1.0, 2.5)
WINDOW_FRAMES = 3
LONGEST_FRAME_US = 50_000  # every case has 29 frames a second at least, where it ends


class Decoded(NamedTuple):
    """A frame of the whole file: microseconds from the first one, and its pixels, upright."""

    time_us: int
    image: Image
    is_keyframe: bool = False


def whole_file(path: Path) -> list[Decoded]:
    """Every frame, in one go, in one thread, as FFmpeg gives them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        frames = [frame for frame in container.decode(stream) if frame.pts is not None]
        first, ticks = frames[0].pts, stream.time_base
        times = [_microseconds((frame.pts - first) * ticks) for frame in frames]
        return [
            Decoded(time_us, _upright(frame), frame.key_frame)
            for time_us, frame in zip(times, frames, strict=True)
        ]


def _microseconds(seconds: Fraction) -> int:
    return int(seconds * 1_000_000 + Fraction(1, 2))


def _upright(frame: av.VideoFrame) -> Image:
    return np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)


def on_screen(frames: Sequence[Decoded], wanted_us: Sequence[int]) -> list[Decoded]:
    """The frames that are on screen at the wanted times, each once."""
    times = [frame.time_us for frame in frames]
    shown = dict.fromkeys(bisect_right(times, time_us) - 1 for time_us in wanted_us)
    return [frames[number] for number in shown]


def given(source: FrameSource, windows: Sequence[Window]) -> list[Frame]:
    """What silver is given of these windows, in order of time."""
    decoded = [source.decoded(window) for window in windows]
    assert [one.findings for one in decoded] == [()] * len(windows)
    return sorted((frame for one in decoded for frame in one.frames), key=lambda frame: frame.time_us)


def assert_same(got: Sequence[Frame], expected: Sequence[Decoded]) -> None:
    """The same times and pixels."""
    assert [frame.time_us for frame in got] == [frame.time_us for frame in expected]
    for frame, plain in zip(got, expected, strict=True):
        assert np.array_equal(frame.image, plain.image), f"another picture at {frame.time_us} us"


@pytest.mark.parametrize("case", UNDAMAGED, ids=lambda case: case.name)
def test_silver_is_given_the_frames_of_a_plain_decode(
    case: Case, media: MediaChildren, tmp_path: Path
) -> None:
    path = case.longer().file(tmp_path)
    facts = media.probe_port().probe(path).media
    window_max_bytes = WINDOW_FRAMES * facts.video.width_px * facts.video.height_px * 3
    frames = whole_file(path)
    last_us = frames[-1].time_us
    with media.frame_source(path, facts) as source:
        for interval_s in INTERVALS_S:
            windows = source.windows(Sampling(interval_s, 1000, window_max_bytes))
            wanted_us = [time_us for window in windows for time_us in window.wanted_us]
            step_us = round(interval_s * 1_000_000)
            assert wanted_us == list(range(0, max(last_us, wanted_us[-1]) + 1, step_us))
            assert wanted_us[-1] < last_us + LONGEST_FRAME_US
            expected = on_screen(frames, wanted_us)
            # backwards, each window needs a seek, as one does after a retry
            for order in (windows, windows[::-1], windows):
                assert_same(given(source, order), expected)


@pytest.mark.parametrize("case", UNDAMAGED, ids=lambda case: case.name)
def test_keyframes_are_those_of_a_plain_decode(case: Case, media: MediaChildren, tmp_path: Path) -> None:
    path = case.longer().file(tmp_path)
    facts = media.probe_port().probe(path).media
    window_max_bytes = WINDOW_FRAMES * facts.video.width_px * facts.video.height_px * 3
    frames = whole_file(path)
    with media.frame_source(path, facts) as source:
        windows = source.windows(Sampling(0.5, 1000, window_max_bytes, mode="keyframe"))
        wanted_us = [time_us for window in windows for time_us in window.wanted_us]
        expected = on_screen(frames, wanted_us)
        assert [frame.is_keyframe for frame in expected] == [True] * len(wanted_us)
        assert_same(given(source, windows), expected)


@pytest.mark.parametrize("case", UNDAMAGED, ids=lambda case: case.name)
def test_every_picture_can_be_asked_for_alone(case: Case, media: MediaChildren, tmp_path: Path) -> None:
    path = case.file(tmp_path)
    facts = media.probe_port().probe(path).media
    frames = whole_file(path)
    ends_us = [frame.time_us for frame in frames[1:]] + [frames[-1].time_us + 1]
    windows = [
        Window(index, frame.time_us, end_us, (frame.time_us,))
        for index, (frame, end_us) in enumerate(zip(frames, ends_us, strict=True))
    ]
    with media.frame_source(path, facts) as source:
        assert_same(given(source, windows[::-1]), frames)


def test_a_plain_decode_shows_every_number_once(tmp_path: Path) -> None:
    case = next(case for case in UNDAMAGED if case.name == "open_gop")
    assert [frame_number(frame.image) for frame in whole_file(case.file(tmp_path))] == list(range(60))
