from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.ports import Frame, Window
from datalake.contracts import MediaFacts
from datalake.errors import BadVideo
from tests.clips import HEIGHT_PX, WIDTH_PX, frame_number

MakeClip = Callable[..., Path]
FRAME_BYTES = WIDTH_PX * HEIGHT_PX * 3
OPEN_GOP = "open-gop=1:bframes=3:keyint=20:scenecut=0"

RECIPES: list[dict[str, object]] = [
    {},
    {"b_frames": 2},
    {"b_frames": 3, "gop": 250, "frames": 150},
    {"b_frames": 2, "codec_options": (("x264-params", OPEN_GOP),)},
    {"codec": "libx265", "b_frames": 2},
    {
        "codec": "libx265",
        "codec_options": (("x265-params", f"log-level=none:{OPEN_GOP}"),),
    },
    {"movflags": "frag_keyframe+empty_moov", "b_frames": 2},
    {"suffix": ".mov", "rotation_deg": 90},
    {"suffix": ".mkv", "b_frames": 2},
    {"suffix": ".webm", "codec": "libvpx-vp9"},
    {"suffix": ".ts", "b_frames": 2},
    {"suffix": ".ts", "codec": "mpeg2video", "b_frames": 2},
    {"suffix": ".ts", "codec": "mpeg4"},
    {"suffix": ".avi", "codec": "mpeg4"},
    {"suffix": ".avi", "codec": "mpeg4", "b_frames": 2},
    {"start_ms": 5000, "b_frames": 2},
    {"start_ms": -500},
    {"suffix": ".mkv", "start_ms": 5000},
    {"frames": 1},
    {"rotation_deg": 180},
    {"rotation_deg": 270},
    {"times_ms": (0, 40, 500, 520, 2000, 2040, 5000)},
    {"suffix": ".mkv", "times_ms": (0, 40, 500, 520, 2000, 2040, 5000), "b_frames": 2},
]


def facts(media: MediaChildren, path: Path) -> MediaFacts:
    probe = media.probe_port().probe(path)
    assert probe.media is not None, probe.findings
    return probe.media


def full_decode(path: Path) -> list[tuple[int, int]]:
    """(pts, time_us) of every frame, the plain way."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        every = [frame.pts for frame in container.decode(stream)]
        base = stream.time_base
    return [(pts, round(float((pts - every[0]) * base * 1_000_000))) for pts in every if pts is not None]


def expected(path: Path, wanted_us: Sequence[int]) -> list[tuple[int, int]]:
    """What is on screen at the wanted times, each frame once."""
    every = full_decode(path)
    shown = [[frame for frame in every if frame[1] <= time][-1] for time in wanted_us]
    return list(dict.fromkeys(shown))


def brief(frames: Sequence[Frame]) -> list[tuple[int, int]]:
    return [(frame.pts, frame.time_us) for frame in frames]


def exact(frames: Sequence[Frame]) -> list[tuple[int, int, bytes]]:
    return [(frame.pts, frame.time_us, frame.image.tobytes()) for frame in frames]


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
@pytest.mark.parametrize("interval_s", [0.1, 0.7])
def test_frames_are_those_of_a_full_decode(
    media: MediaChildren, make_clip: MakeClip, recipe: dict[str, object], interval_s: float
) -> None:
    path = make_clip(**recipe)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(interval_s, 1000, 4 * FRAME_BYTES)
        frames = [frame for window in windows for frame in source.frames(window)]
    wanted = [time for window in windows for time in window.wanted_us]
    assert brief(frames) == expected(path, wanted)
    first = frame_number(frames[0].image)  # the bar code says that the pixels are those of that time
    order = [pts for pts, _ in full_decode(path)]
    assert [frame_number(frame.image) - first for frame in frames] == [order.index(f.pts) for f in frames]


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_windows_may_be_asked_in_any_order(
    media: MediaChildren, make_clip: MakeClip, recipe: dict[str, object]
) -> None:
    path = make_clip(**recipe)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(0.1, 1000, 4 * FRAME_BYTES)
        in_order = [exact(source.frames(window)) for window in windows]
    with media.frame_source(path, facts(media, path)) as source:
        source.windows(0.1, 1000, 4 * FRAME_BYTES)
        backwards = [exact(source.frames(window)) for window in reversed(windows)]
    with media.frame_source(path, facts(media, path)) as source:
        last_alone = exact(source.frames(windows[-1]))
    assert backwards == in_order[::-1]
    assert last_alone == in_order[-1]


def test_pixels_are_those_of_a_full_decode(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip(b_frames=2)
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(0.5, 1000, 100 * FRAME_BYTES)
        frames = source.frames(window)
    with av.open(str(path)) as container:
        plain = {f.pts: f.to_ndarray(format="rgb24") for f in container.decode(video=0)}
    for frame in frames:
        assert frame.image.dtype == np.uint8
        assert np.array_equal(frame.image, plain[frame.pts])


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_images_are_upright(media: MediaChildren, make_clip: MakeClip, rotation_deg: int) -> None:
    path = make_clip(rotation_deg=rotation_deg, frames=30)
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(0.5, 10, 100 * FRAME_BYTES)
        images = [frame.image for frame in source.frames(window)]
    assert [image.shape for image in images] == [(HEIGHT_PX, WIDTH_PX, 3)] * 2
    assert [frame_number(image) for image in images] == [0, 15]


def test_a_gap_is_jumped_not_decoded(media: MediaChildren, make_clip: MakeClip) -> None:
    """Wanted times far apart in a video of short groups: still the exact frames, by seeking."""
    path = make_clip(frames=600, gop=12, b_frames=2)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(4.9, 1000, 2 * FRAME_BYTES)
        frames = [frame for window in windows for frame in source.frames(window)]
    assert [frame_number(frame.image) for frame in frames] == [0, 147, 294, 441, 588]


def test_a_slow_video_repeats_nothing_not_even_across_windows(
    media: MediaChildren, make_clip: MakeClip
) -> None:
    path = make_clip(times_ms=(0, 3000, 6000, 6500))
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(0.5, 1000, 2 * FRAME_BYTES)
        frames = [[frame_number(frame.image) for frame in source.frames(window)] for window in windows]
    assert len(windows) > 5
    assert [number for numbers in frames for number in numbers] == [0, 1, 2, 3]


def test_max_frames_ends_the_list(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip()
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(0.1, 3, 100 * FRAME_BYTES)
    assert window.wanted_us == (0, 100_000, 200_000)


def test_another_interval_may_be_asked_later(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip()
    with media.frame_source(path, facts(media, path)) as source:
        source.frames(source.windows(0.1, 1000, 4 * FRAME_BYTES)[0])
        (window,) = source.windows(1.0, 1000, 4 * FRAME_BYTES)
        assert [frame_number(frame.image) for frame in source.frames(window)] == [0, 30]


def test_frames_outlive_the_source_and_can_be_drawn_on(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip()
    with media.frame_source(path, facts(media, path)) as source:
        (window,) = source.windows(1.0, 1000, 4 * FRAME_BYTES)
        frames = source.frames(window)
    frames[1].image[60:, :] = 0
    assert frame_number(frames[1].image) == 30


def test_a_damaged_stream_is_a_finding_with_the_time(
    media: MediaChildren, make_clip: MakeClip, tmp_path: Path
) -> None:
    path = make_clip(frames=150, suffix=".mkv", codec="libvpx-vp9", gop=30)
    whole = facts(media, path)
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pos and packet.pts > 2500]
        for packet in packets:
            start = content.index(bytes(packet), packet.pos)  # a small packet's bytes may be elsewhere too
            content[start : start + packet.size] = b"\xff" * packet.size
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(content)
    with media.frame_source(damaged, whole) as source:
        windows = source.windows(0.5, 1000, 2 * FRAME_BYTES)
        assert [frame_number(frame.image) for frame in source.frames(windows[0])] == [0, 15]
        with pytest.raises(BadVideo) as caught:
            for window in windows[1:]:
                source.frames(window)
        with pytest.raises(BadVideo, match="decode_failed"):
            source.frames(windows[0])  # nothing more, rather than something silently less
    assert caught.value.finding.code == "decode_failed"
    assert "near 2." in caught.value.finding.evidence or "near 3." in caught.value.finding.evidence


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
        assert len(source.windows(1.0, 10, FRAME_BYTES)) == 2


def test_memory_is_that_of_two_windows_whatever_the_length(media: MediaChildren, make_clip: MakeClip) -> None:
    """Mapped pixels are freed with the arrays: after many windows only the last two are still there."""
    path = make_clip(frames=600, gop=30)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(1 / 30, 1000, 20 * FRAME_BYTES)
        seen = []
        for window in windows:
            frames = source.frames(window)
            seen.append(_mapped_answers())
            del frames
    assert len(windows) >= 30
    assert max(seen) <= 2


def _mapped_answers() -> int:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum("memfd:answer" in line for line in lines)


def test_window_descriptors_are_small(media: MediaChildren, make_clip: MakeClip) -> None:
    path = make_clip(frames=600, gop=30)
    with media.frame_source(path, facts(media, path)) as source:
        windows = source.windows(1 / 30, 1000, 10**12)
    assert all(isinstance(window, Window) and len(window.wanted_us) <= 128 for window in windows)
