from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from datalake.adapters.media.probe.scanning import Continuity, PictureTrack, Scan, scanned
from datalake.adapters.media.transport_holes import Hole
from tests.clips import damage

MakeClip = Callable[..., Path]


def scan_of(path: Path) -> Scan:
    with av.open(str(path)) as container:
        return scanned(container, *container.streams.video[:1], *container.streams.audio[:1])


def picture_of(path: Path) -> PictureTrack:
    with av.open(str(path)) as container:
        track = scanned(container, container.streams.video[0], None).picture
    assert track is not None
    return track


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv"])
def test_what_the_packets_say(make_clip: MakeClip, suffix: str) -> None:
    scan = scan_of(make_clip(suffix=suffix, b_frames=2, audio="tone"))
    assert scan.picture is not None
    assert scan.sound is not None
    assert (scan.picture.packets, scan.picture.keyframes, scan.picture.untimed) == (60, 4, 0)
    assert scan.picture.start_pts == scan.picture.keyframe_pts
    assert scan.picture.continuity.jumps == 0
    assert len(scan.picture.positions) == 60
    assert scan.sound.start_s is not None
    assert scan.sound.end_s is not None
    assert scan.sound.end_s - scan.sound.start_s == pytest.approx(2.0, abs=0.05)


def test_pictures_that_an_edit_list_hides_do_not_count(make_clip: MakeClip) -> None:
    track = picture_of(make_clip(start_ms=-400))
    assert (track.packets, track.hidden, track.start_pts, track.keyframe_pts) == (48, 12, 0, 9000)


def test_a_file_without_either_track(tmp_path: Path, make_clip: MakeClip) -> None:
    with av.open(str(make_clip())) as container:
        assert scanned(container, None, None) == Scan(None, None, others_end_s=2.0)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_where_the_other_tracks_end(make_clip: MakeClip, suffix: str) -> None:
    alone = scan_of(make_clip(suffix=suffix, audio="tone"))
    assert alone.others_end_s is None
    scan = scan_of(make_clip(suffix=suffix, audio="tone", second_audio_ms=4000))
    assert scan.others_end_s == pytest.approx(4.0, abs=1.5 if suffix == ".ts" else 0.05)  # TS starts at 1.4 s
    assert scan.sound is not None
    assert scan.sound.packets == pytest.approx(95, abs=1)


def test_a_file_that_breaks_off(make_clip: MakeClip, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(damage.cut(make_clip(movflags="faststart").read_bytes(), 60))
    assert 0 < picture_of(path).packets < 60


def test_what_lies_around_a_hole(make_clip: MakeClip) -> None:
    track = picture_of(make_clip())
    start, end = int(track.positions[10]), int(track.positions[20])
    assert track.around(Hole(start, end)) == (9 * 3000, 20 * 3000)
    assert track.around(Hole(0, end)) is None
    assert track.around(Hole(start, 10**9)) is None


def test_a_size_that_no_memory_holds_is_where_it_ends(make_clip: MakeClip, tmp_path: Path) -> None:
    content = bytearray(make_clip().read_bytes())
    sizes = content.index(b"stsz") + 16
    content[sizes + 4 * 30 : sizes + 4 * 31] = b"\x7f\xff\xff\xff"
    path = tmp_path / "wild.mp4"
    path.write_bytes(content)
    assert picture_of(path).packets == 30


@pytest.mark.parametrize(
    ("ticks", "jumps", "first"),
    [
        ([], 0, ""),
        ([0, 1000, 2000, 1500, 2000], 0, ""),  # half a second of disorder at two pictures a second
        ([0, 500, 1000, 0, 500], 0, ""),
        ([4000, 4500, 5000, 0, 500], 1, "at 5.00 s the clock jumps back by 5.00 s"),
        ([0, 9000, 18_000], 0, ""),
        ([0, 500, 60_500, 61_000, 0], 2, "at 0.50 s the clock jumps forward by 60.00 s"),
    ],
)
def test_clocks_that_jump(ticks: list[int], jumps: int, first: str) -> None:
    continuity = Continuity(time_base=0.001, usual=500, longest_pause_s=10)
    for tick in ticks:
        continuity.tick(tick)
    assert (continuity.jumps, continuity.first_jump) == (jumps, first)


@pytest.mark.parametrize(("suffix", "jumps"), [(".ts", 1), (".mkv", 0), (".mp4", 0)])
def test_only_a_broadcast_may_not_pause_for_long(make_clip: MakeClip, suffix: str, jumps: int) -> None:
    times_ms = (*range(0, 400, 40), *range(60_000, 60_400, 40))
    track = picture_of(make_clip(suffix=suffix, times_ms=times_ms, fps=25))
    assert track.continuity.jumps == jumps
