from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import Frame, FrameSource, Sampling, Window
from datalake.contracts import MediaFacts
from datalake.errors import BadVideo
from tests.clips import HEIGHT_PX, WIDTH_PX, frame_number
from tests.clips.damage import scrambled_picture
from tests.datalake.adapters.media.decode.times import without_times

MakeClip = Callable[..., Path]
FRAME_BYTES = WIDTH_PX * HEIGHT_PX * 3
OPEN_GOP = "open-gop=1:keyint=20"
ALT_REF = (("deadline", "good"), ("cpu-used", "5"), ("auto-alt-ref", "1"), ("lag-in-frames", "16"))
VARIABLE_MS = (0, 40, 500, 520, 2000, 2040, 5000)

RECIPES: list[dict[str, object]] = [
    {},
    {"b_frames": 2},
    {"b_frames": 3, "gop": 250, "frames": 150, "params": "b-pyramid=normal"},
    {"b_frames": 3, "params": OPEN_GOP},
    {"suffix": ".ts", "b_frames": 3, "params": OPEN_GOP},
    {"suffix": ".ts", "frames": 90, "gop": 30, "params": "intra-refresh=1"},
    {"codec": "libx265", "b_frames": 2},
    {"codec": "libx265", "b_frames": 3, "params": OPEN_GOP},
    {"codec": "libx265", "suffix": ".ts", "b_frames": 3, "params": OPEN_GOP},
    {"codec": "libx265", "b_frames": 4, "params": "open-gop=0:keyint=20:radl=2"},
    {"codec": "libx265", "colour": "hdr10", "b_frames": 2},
    {"movflags": "frag_keyframe+empty_moov", "b_frames": 2},
    {"suffix": ".mov", "rotation_deg": 90},
    {"suffix": ".mkv", "b_frames": 2},
    {"suffix": ".webm", "codec": "libvpx-vp9"},
    {"suffix": ".webm", "codec": "libvpx-vp9", "gop": 30, "codec_options": ALT_REF},
    {"codec": "libsvtav1", "gop": 30},
    {"suffix": ".flv", "b_frames": 2},
    {"suffix": ".ts", "b_frames": 2},
    {"suffix": ".ts", "codec": "mpeg2video", "b_frames": 2},
    {"suffix": ".ts", "codec": "mpeg4"},
    {"suffix": ".avi", "codec": "mpeg4"},
    {"suffix": ".avi", "codec": "mpeg4", "b_frames": 2},
    {"suffix": ".avi", "b_frames": 3, "params": OPEN_GOP},
    {"start_ms": 5000, "b_frames": 2},
    {"start_ms": -500},
    {"suffix": ".mkv", "start_ms": 5000},
    {"frames": 1},
    {"rotation_deg": 180},
    {"rotation_deg": 270},
    {"pixel_format": "yuv444p", "extra_px": 1},
    {"interlaced": True, "b_frames": 2, "params": "tff=1"},
    {"times_ms": VARIABLE_MS},
    {"suffix": ".mkv", "times_ms": VARIABLE_MS, "b_frames": 2},
]


def facts(media: MediaChildren, path: Path) -> MediaFacts:
    probe = media.probe_port().probe(path)
    assert probe.media is not None, probe.findings
    return probe.media


def full_decode(path: Path, rotation_deg: int) -> list[tuple[int, bytes]]:
    """(time_us, upright pixels) of every frame, the plain way; in AVI by count, for it has no times."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base, counts = stream.time_base, container.format.name == "avi"
        every = [(frame.pts, frame.to_ndarray(format="rgb24")) for frame in container.decode(stream)]
    ticks = [number if counts else pts - every[0][0] for number, (pts, _) in enumerate(every)]
    return [
        (round(one * base * 1_000_000), np.rot90(image, -rotation_deg // 90).tobytes())
        for one, (_, image) in zip(ticks, every, strict=True)
    ]


def shown(every: list[tuple[int, bytes]], wanted_us: Sequence[int]) -> list[tuple[int, bytes]]:
    """What is on screen at the wanted times, each frame once."""
    return list(dict.fromkeys([one for one in every if one[0] <= time][-1] for time in wanted_us))


def exact(frames: Sequence[Frame]) -> list[tuple[int, bytes]]:
    return [(frame.time_us, frame.image.tobytes()) for frame in frames]


def whole(source: FrameSource, window: Window) -> tuple[Frame, ...]:
    """The frames of a window of which nothing is damaged."""
    decoded = source.decoded(window)
    assert decoded.findings == ()
    return decoded.frames


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
@pytest.mark.parametrize("interval_s", [0.1, 0.7])
def test_frames_are_those_of_a_full_decode(
    media: MediaChildren, make_clip: MakeClip, recipe: dict[str, object], interval_s: float
) -> None:
    path = make_clip(**recipe)
    known = facts(media, path)
    assert known.video is not None
    with media.frame_source(path, known) as source:
        windows = source.windows(Sampling(interval_s, 1000, 4 * FRAME_BYTES))
        frames = [frame for window in windows for frame in whole(source, window)]
    wanted = [time for window in windows for time in window.wanted_us]
    assert exact(frames) == shown(full_decode(path, known.video.rotation_deg), wanted)


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_windows_may_be_asked_in_any_order(
    media: MediaChildren, make_clip: MakeClip, recipe: dict[str, object]
) -> None:
    path, sampling = make_clip(**recipe), Sampling(0.1, 1000, 4 * FRAME_BYTES)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(sampling)
        in_order = [exact(whole(source, window)) for window in windows]
    with media.frame_source(path, facts(media, path)) as source:
        source.windows(sampling)
        backwards = [exact(whole(source, window)) for window in reversed(windows)]
    with media.frame_source(path, facts(media, path)) as source:
        last_alone = exact(whole(source, windows[-1]))
    assert backwards == in_order[::-1]
    assert last_alone == in_order[-1]


def test_pixels_can_be_read_as_rgb(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip(b_frames=2)
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(Sampling(0.5, 1000, 100 * FRAME_BYTES))
        frames = whole(source, window)
    assert [frame_number(frame.image) for frame in frames] == [0, 15, 30, 45]
    assert all(frame.image.dtype == np.uint8 for frame in frames)
    assert all(frame.image.shape == (HEIGHT_PX, WIDTH_PX, 3) for frame in frames)


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_images_are_upright(media: MediaChildren, make_clip: MakeClip, rotation_deg: int) -> None:
    path = make_clip(rotation_deg=rotation_deg, frames=30)
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(Sampling(0.5, 10, 100 * FRAME_BYTES))
        images = [frame.image for frame in whole(source, window)]
    assert [image.shape for image in images] == [(HEIGHT_PX, WIDTH_PX, 3)] * 2
    assert [frame_number(image) for image in images] == [0, 15]


def test_a_gap_is_jumped_not_decoded(media: MediaChildren, make_clip: MakeClip) -> None:
    """Wanted times far apart in a video of short groups: still the exact frames, by seeking."""
    path = make_clip(frames=600, gop=12, b_frames=2)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(Sampling(4.9, 1000, 2 * FRAME_BYTES))
        frames = [frame for window in windows for frame in whole(source, window)]
    assert [frame_number(frame.image) for frame in frames] == [0, 147, 294, 441, 588]


def test_a_slow_video_repeats_nothing_not_even_across_windows(
    media: MediaChildren, make_clip: MakeClip
) -> None:
    path = make_clip(times_ms=(0, 3000, 6000, 6500))
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(Sampling(0.5, 1000, 2 * FRAME_BYTES))
        frames = [[frame_number(frame.image) for frame in whole(source, window)] for window in windows]
    assert len(windows) > 5
    assert [number for numbers in frames for number in numbers] == [0, 1, 2, 3]


def test_max_frames_ends_the_list(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip()
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(Sampling(0.1, 3, 100 * FRAME_BYTES))
    assert window.wanted_us == (0, 100_000, 200_000)


def test_another_interval_may_be_asked_later(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip()
    with media.frame_source(path, facts(media, path)) as source:
        whole(source, source.windows(Sampling(0.1, 1000, 4 * FRAME_BYTES))[0])
        (window,) = source.windows(Sampling(1.0, 1000, 4 * FRAME_BYTES))
        assert [frame_number(frame.image) for frame in whole(source, window)] == [0, 30]


def test_frames_outlive_the_source_and_can_be_drawn_on(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip()
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(Sampling(1.0, 1000, 4 * FRAME_BYTES))
        frames = whole(source, window)
    frames[1].image[60:, :] = 0
    assert frame_number(frames[1].image) == 30


def test_the_part_behind_the_limit_is_not_wanted(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip()
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(Sampling(0.5, 1000, 100 * FRAME_BYTES, duration_limit_s=1.2))
        assert [frame_number(frame.image) for frame in whole(source, window)] == [0, 15, 30]
    assert (window.wanted_us, window.end_us) == ((0, 500_000, 1_000_000), 1_200_000)


def test_damage_is_a_finding_beside_the_frames_that_are_whole(
    media: MediaChildren, make_clip: MakeClip, tmp_path: Path
) -> None:
    path = make_clip(frames=150, gop=30)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(scrambled_picture(path.read_bytes(), 70))
    with media.frame_source(damaged, facts(media, path)) as source:
        windows = source.windows(Sampling(0.5, 1000, 2 * FRAME_BYTES))
        decoded = [source.decoded(window) for window in windows]
    numbers = [[frame_number(frame.image) for frame in one.frames] for one in decoded]
    assert numbers == [[0, 15], [30, 45], [60], [90, 105], [120, 135]]
    assert [len(one.findings) for one in decoded] == [0, 0, 1, 0, 0]
    (found,) = decoded[2].findings
    assert found.code == "decode_failed"
    assert found.evidence.startswith("20 pictures between 2.333 s and 2.967 s: ")


def test_a_file_that_is_gone_or_no_video_is_bad_and_the_next_one_is_fine(
    media: MediaChildren, make_clip: MakeClip, tmp_path: Path
) -> None:
    path = make_clip()
    good = facts(media, path)
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    with pytest.raises(BadVideo, match="decode_failed"), media.frame_source(text, good):
        pass
    with (
        pytest.raises(BadVideo, match="no_video_stream"),
        media.frame_source(path, MediaFacts(container="x")),
    ):
        pass
    with media.frame_source(path, good) as source:
        assert len(source.windows(Sampling(1.0, 10, FRAME_BYTES))) == 2


def test_memory_is_that_of_two_windows_whatever_the_length(media: MediaChildren, make_clip: MakeClip) -> None:
    """Mapped pixels are freed with the arrays: after many windows only the last two are still there."""
    path = make_clip(frames=600, gop=30)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(Sampling(1 / 30, 1000, 20 * FRAME_BYTES))
        seen = []
        for window in windows:
            frames = whole(source, window)
            seen.append(_mapped_windows())
            del frames
    assert len(windows) >= 30
    assert max(seen) <= 2


def _mapped_windows() -> int:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum("memfd:pixels" in line for line in lines)


def test_window_descriptors_are_small(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip(frames=600, gop=30)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(Sampling(1 / 30, 1000, 10**12))
    assert all(isinstance(window, Window) and len(window.wanted_us) <= 128 for window in windows)


def test_a_clock_that_says_a_century_allows_no_more_time_than_the_pictures_need(
    media: MediaChildren, make_clip: MakeClip, tmp_path: Path
) -> None:
    content = bytearray(make_clip(suffix=".avi", codec="mpeg4").read_bytes())
    scale = content.index(b"strh") + 28
    content[scale + 3] = 0x7F
    path = tmp_path / "century.avi"
    path.write_bytes(content)
    described = facts(media, path)
    assert described.measured_duration_s is not None and described.measured_duration_s > 4e9
    with media.frame_source(path, described) as source:
        windows = source.windows(Sampling(4e8, 100, FRAME_BYTES))
        frames = [frame for window in windows for frame in source.decoded(window).frames]
    assert len(frames) > 10
    assert all(window.decoding_span_s <= 60 for window in windows)


@pytest.mark.parametrize(("untimed", "codes"), [(range(0, 90, 10), ["keyframes_unknown"]), ((), [])])
def test_keyframes_that_say_no_time_are_told_of_once(
    media: MediaChildren, make_clip: MakeClip, tmp_path: Path, untimed: Sequence[int], codes: list[str]
) -> None:
    path = tmp_path / "untimed.ts"
    whole = make_clip(suffix=".ts", gop=10).read_bytes()
    path.write_bytes(without_times(whole, lambda number: number in untimed))
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(Sampling(0.5, 100, FRAME_BYTES, mode="keyframe"))
        found = [finding.code for window in windows for finding in source.decoded(window).findings]
    assert len(windows) > 1
    assert found == codes
