"""Whatever the planner leaves out, the pictures are those of reading without a plan."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import av
import pytest

from datalake.adapters.media.decode import alone as alone_module
from datalake.adapters.media.decode import reader as reader_module
from datalake.adapters.media.decode.reader import Reader
from datalake.adapters.media.packets import packets
from tests.clips.damage import zeroed
from tests.clips.editing import edited
from tests.datalake.adapters.media.decode.plans import FAR_US, packets_decoded, seen, unplanned
from tests.datalake.adapters.media.decode.times import without_times

Read = Callable[..., Reader]
PRE_ROLL = {"start_ms": -1000, "muxer_options": (("avoid_negative_ts", "disabled"),)}


def decoding_times_only(content: bytes) -> bytes:
    """The same MP4, as if pictures were shown in the order in which they are decoded."""
    target = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(target, "w", format="mp4") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.pts, packet.stream = packet.dts, stream
                copy.mux(packet)
    return target.getvalue()


ODD: dict[str, dict[str, Any]] = {
    "usual": {"b_frames": 3},
    "references among B-frames": {"b_frames": 5, "params": "b-pyramid=normal"},
    "coded without arithmetic": {"b_frames": 5, "params": "b-pyramid=normal:cabac=0:weightp=2"},
    "many references among B-frames": {"b_frames": 5, "params": "b-pyramid=normal:ref=5:b-adapt=0"},
    "references that go at once": {"b_frames": 5, "params": "b-pyramid=strict:ref=1:b-adapt=0:slices=2"},
    "one reference, starts apart": {"b_frames": 3, "params": "ref=1:b-adapt=0", "suffix": ".ts", "gop": 30},
    "open groups with references": {"b_frames": 3, "params": "open-gop=1:ref=1:b-adapt=0", "suffix": ".mkv"},
    "ten bits": {"b_frames": 3, "params": "ref=1:b-adapt=0:no-deblock=1", "pixel_format": "yuv420p10le"},
    "open groups": {"b_frames": 3, "params": "open-gop=1"},
    "HEVC": {"codec": "libx265", "b_frames": 3},
    "HEVC with layers of time": {"codec": "libx265", "b_frames": 3, "params": "temporal-layers=3"},
    "29.97 a second": {"b_frames": 2, "fps": Fraction(30_000, 1001)},
    "two fields a picture": {"b_frames": 3, "interlaced": True},
    "an edit list with a long pre-roll": {"b_frames": 3, "gop": 100, "frames": 300, **PRE_ROLL},
    "no whole second between keyframes": {"b_frames": 3, "gop": 13, "suffix": ".ts"},
    "pauses of a second": {"b_frames": 3, "times_ms": tuple(n * 40 + n // 7 * 1000 for n in range(60))},
    "Matroska": {"b_frames": 3, "suffix": ".mkv"},
    "AVI": {"b_frames": 3, "suffix": ".avi"},
    "slices": {"b_frames": 3, "params": "slices=4"},
}
CHANGED: dict[str, tuple[dict[str, Any], Callable[[bytes], bytes]]] = {
    "several edits": (
        {"b_frames": 3, "frames": 150},
        lambda content: edited(content, [(1000, 500), (1500, 2600), (1000, 1200)]),
    ),
    "shown as decoded": ({"b_frames": 3}, decoding_times_only),
    "half of the times missing": (
        {"b_frames": 3, "suffix": ".ts"},
        lambda content: without_times(content, lambda number: number % 2 == 1),
    ),
    "a clock that is set back": ({"b_frames": 3, "suffix": ".ts"}, lambda content: content + content),
}
CASES = [pytest.param(recipe, None, id=name) for name, recipe in ODD.items()]
CASES += [pytest.param(recipe, change, id=name) for name, (recipe, change) in CHANGED.items()]


def windows(chance: random.Random, end_us: int) -> list[tuple[int, int, list[int]]]:
    """Times in one to three spans that lie end to end, in any order."""
    count = chance.choice([1, 4, 20])
    step_us = chance.choice([200_000, 500_000, 1_000_000])
    wanted_us = sorted({chance.randrange(end_us) for _ in range(count)})
    wanted_us = chance.choice([wanted_us, list(range(0, end_us, step_us)), [0]])
    cuts = sorted({0, len(wanted_us), *(chance.randrange(len(wanted_us) + 1) for _ in range(2))})
    starts = [0, *(wanted_us[cut - 1] + 1 for cut in cuts[1:-1]), FAR_US]
    spans = [
        (start, end, wanted_us[first:past])
        for start, end, first, past in zip(starts, starts[1:], cuts, cuts[1:], strict=False)
    ]
    chance.shuffle(spans)
    return spans


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("recipe", "change"), CASES)
def test_the_plan_changes_no_picture(
    read: Read, recipe: dict[str, Any], change: Callable[[bytes], bytes] | None, threads: int
) -> None:
    for seed in range(12):
        spans = windows(random.Random(seed), end_us=3_000_000)
        expected = seen(unplanned(read(change, threads, **recipe)), spans)
        assert seen(read(change, threads, **recipe), spans) == expected


EVERY_SECOND = [number * 1_000_000 for number in range(10)]


@pytest.mark.parametrize("recipe", [{}, {"codec": "libx265"}, {"suffix": ".ts"}, {"suffix": ".mkv"}], ids=str)
def test_pictures_that_no_other_refers_to_are_left_out(read: Read, recipe: dict[str, Any]) -> None:
    params = "b-pyramid=none" if "codec" not in recipe else "b-pyramid=0"
    video = read(b_frames=3, frames=300, gop=300, params=params, **recipe)
    decoded = packets_decoded(video)
    assert len(seen(video, [(0, FAR_US, EVERY_SECOND)])) == 10
    assert 300 / 4 <= len(decoded) < 300 / 2


ONE_REFERENCE = "ref=1:b-adapt=0:b-pyramid=normal"


@pytest.mark.parametrize("params", [ONE_REFERENCE, f"{ONE_REFERENCE}:cabac=0", f"{ONE_REFERENCE}:slices=3"])
@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv"])
def test_others_stand_in_for_pictures_that_only_such_refer_to(read: Read, params: str, suffix: str) -> None:
    video = read(b_frames=3, frames=300, gop=300, params=params, suffix=suffix)
    errors, decoded = video._decoder._log, packets_decoded(video)
    assert len(seen(video, [(0, FAR_US, EVERY_SECOND)])) == 10
    assert (video._planner.leaves_out, errors.errors) == (True, 0)
    stand_ins = [packet for packet in decoded if packet.pos is None]
    assert len(stand_ins) > 300 / 4 * 0.7
    assert len(decoded) - len(stand_ins) < 300 / 4 * 1.5


@pytest.mark.parametrize(
    "recipe",
    [{"interlaced": True}, {"suffix": ".avi"}, {"codec": "libx265", "params": "temporal-layers=3"}],
    ids=str,
)
def test_none_are_where_it_cannot_be_told_what_refers_to_them(read: Read, recipe: dict[str, Any]) -> None:
    video = read(b_frames=3, frames=300, gop=300, **recipe)
    decoded = packets_decoded(video)
    assert len(seen(video, [(0, FAR_US, EVERY_SECOND)])) == 10
    assert len(decoded) > 270


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("params", ["intra-refresh=1:ref=1", "intra-refresh=1:ref=3:crf=14"])
def test_a_keyframe_that_refers_to_others_is_no_place_to_begin(read: Read, params: str, threads: int) -> None:
    """Some time behind it pictures look like whole ones to FFmpeg that differ by a little."""
    recipe: dict[str, Any] = {"b_frames": 0, "params": params, "gop": 8, "frames": 150}
    video = unplanned(read(None, **recipe))
    expected = {one.time_us: video.upright(one.frame).tobytes() for one in video.every_picture(0, FAR_US)}
    assert len(expected) == 150
    for late_us in (0, 10_000, 400_000, 777_777):
        wanted_us = [late_us + second for second in EVERY_SECOND[:5]]
        spans = [(wanted_us[2] + 1, FAR_US, wanted_us[3:]), (0, wanted_us[2] + 1, wanted_us[:3])]
        found = seen(read(None, threads, **recipe), spans)
        assert [time_us for time_us, pixels in found if pixels != expected[time_us]] == []


def test_where_a_wanted_picture_was_left_out_every_one_is_decoded(read: Read) -> None:
    """A B-frame that stays on screen for a second looks as if nobody wanted it."""
    times_ms = tuple(n * 40 + 1000 * (n > 30) for n in range(60))
    for number in range(20, 40):
        video = read(b_frames=3, times_ms=times_ms)
        wanted_us = [0, times_ms[30] * 1000 + 500_000, times_ms[number] * 1000 + 2_000_000]
        assert [one for one, _ in seen(video, [(0, FAR_US, wanted_us)])][1] == times_ms[30] * 1000


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"b_frames": 3, "params": "open-gop=1"},
        {"codec": "libx265", "b_frames": 3, "params": "open-gop=1"},
        {"suffix": ".mkv", "b_frames": 3},
        {"suffix": ".webm", "codec": "libvpx-vp9"},
        {"codec": "libsvtav1"},
        {"codec": "mpeg4"},
        {"fps": Fraction(30_000, 1001), "b_frames": 2},
        {"b_frames": 3, "times_ms": tuple(n * 40 + n // 7 * 1000 for n in range(120))},
        PRE_ROLL,
        {"suffix": ".ts", "b_frames": 3},
        {"suffix": ".ts", "codec": "libx265", "b_frames": 3},
    ],
    ids=str,
)
def test_keyframes_are_decoded_alone(read: Read, recipe: dict[str, Any]) -> None:
    video = read(**{"frames": 120, "gop": 20, **recipe})
    video.look_when_keyframes_are_shown()
    shown_us = [time_us for time_us in video.keyframes_us if time_us >= 0]
    assert len(shown_us) >= 4
    decoded = packets_decoded(video)
    pictures = list(video.pictures(0, FAR_US, shown_us))
    assert [one.time_us for one in pictures] == shown_us
    assert [packet.is_keyframe for packet in decoded] == [True] * len(shown_us)


def test_where_pictures_only_become_whole_they_are_not_taken_for_keyframes(read: Read) -> None:
    recipe = {"frames": 120, "gop": 30, "params": "intra-refresh=1", "suffix": ".ts"}
    spans = [(0, FAR_US, [0, 1_000_000, 2_000_000, 3_000_000])]
    video = read(**recipe)
    video.look_when_keyframes_are_shown()
    assert seen(video, spans) == seen(unplanned(read(**recipe)), spans)


def test_a_clock_that_is_set_back_leads_to_no_other_part(read: Read) -> None:
    recipe = {"suffix": ".ts", "frames": 150, "gop": 15}
    spans = [(0, FAR_US, [number * 500_000 for number in range(10)])]
    expected = seen(read(**recipe), spans)
    video = read(lambda content: content + content[: len(content) // 2 // 188 * 188], **recipe)
    video.look_when_keyframes_are_shown()
    assert seen(video, spans) == expected


@pytest.mark.parametrize("gop", [1, 10])
def test_a_keyframe_that_may_reach_into_a_hole_is_not_taken_alone(read: Read, gop: int) -> None:
    recipe = {"suffix": ".ts", "frames": 60, "gop": gop, "scale": 2}
    is_cut = False
    for percent in range(20, 80, 4):
        holed = partial(zeroed, start_percent=percent, size=188 * 8)
        video = read(holed, **recipe)
        video.look_when_keyframes_are_shown()
        shown_us = [time_us for time_us in video.keyframes_us if time_us >= 0]
        found = whole_at(video, shown_us)
        assert found == whole_at(unplanned(read(holed, **recipe)), shown_us)
        is_cut = is_cut or len(found) < len(shown_us)
    assert is_cut


def whole_at(video: Reader, wanted_us: list[int]) -> list[tuple[int, bytes]]:
    pictures = video.pictures(0, FAR_US, wanted_us)
    return [(one.time_us, video.upright(one.frame).tobytes()) for one in pictures if one.frame is not None]


@pytest.mark.parametrize("wanted_us", [[0, 100_000, 400_000], [0], [1_000_000]], ids=str)
@pytest.mark.parametrize("start_us", [0, 400_000, 1_000_000])
def test_every_picture_is_given_whatever_was_left_out_before(
    read: Read, wanted_us: list[int], start_us: int
) -> None:
    recipe = {"b_frames": 3, "frames": 90, "gop": 30}
    expected = [one.time_us for one in read(**recipe).every_picture(start_us, FAR_US)]
    video = read(**recipe)
    seen(video, [(0, FAR_US, wanted_us)])
    assert [one.time_us for one in video.every_picture(start_us, FAR_US)] == expected


def test_every_picture_is_given_after_a_request_that_broke_off(read: Read) -> None:
    video = read(b_frames=3, frames=90, gop=90)
    assert next(video.pictures(0, FAR_US, [0, 2_000_000])).time_us == 0
    assert len(list(video.every_picture(0, FAR_US))) == 90


@pytest.fixture
def packets_read(monkeypatch: pytest.MonkeyPatch) -> list[av.Packet]:
    """Fills with the packets that are read for decoding."""
    found: list[av.Packet] = []

    def counted(*given: Any) -> Iterator[av.Packet]:
        for packet in packets(*given):
            found.append(packet)
            yield packet

    for module in (reader_module, alone_module):
        monkeypatch.setattr(module, "packets", counted)
    return found


@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize(
    ("gop", "every_us"), [(60, 5_000_000), (60, 3_000_000), (25, 2_000_000), (200, 7_000_000)]
)
def test_seeking_in_a_transport_stream_reads_no_more_than_going_through_it(
    read: Read, packets_read: list[av.Packet], b_frames: int, gop: int, every_us: int
) -> None:
    video = read(suffix=".ts", frames=600, gop=gop, b_frames=b_frames)
    wanted_us = list(range(40_000, 20_000_000, every_us))
    assert len(seen(video, [(0, FAR_US, wanted_us)])) == len(wanted_us)
    assert len(packets_read) <= 600
