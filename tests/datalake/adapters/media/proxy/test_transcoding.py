"""Proxies of real videos, looked at with PyAV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.proxy.transcoding import Transcoding
from datalake.errors import BadVideo, MachineBusy
from tests.clips import damage, frame_number

TAGS = {"asset_id": "ab" * 32, "settings_hash": "0123456789abcdef", "pipeline_version": "2"}
Make = Callable[..., "Made"]


@dataclass(frozen=True)
class Made:
    """What is in a proxy, by a decoder of our own."""

    path: Path
    size_px: tuple[int, int]
    pixel_aspect: Fraction
    pixel_format: str
    times_s: list[float]
    keyframes_s: list[float]
    numbers: list[int]
    duration_s: float
    sound_s: tuple[float, float] | None
    transfer: int
    tags: dict[str, str]


def looked_at(path: Path) -> Made:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        frames = list(container.decode(stream))
        upright = [frame.to_ndarray(format="rgb24") for frame in frames]
        assert context.name == "h264"
        assert stream.duration is not None and stream.time_base is not None
        return Made(
            path=path,
            size_px=(context.width, context.height),
            pixel_aspect=Fraction(stream.sample_aspect_ratio or 1),
            pixel_format=frames[0].format.name,
            times_s=[round(frame.time or 0.0, 3) for frame in frames],
            keyframes_s=[round(frame.time or 0.0, 3) for frame in frames if frame.key_frame],
            numbers=[frame_number(image) for image in upright],
            duration_s=round(float(stream.duration * stream.time_base), 3),
            sound_s=heard(path),
            transfer=context.color_trc,
            tags=dict(container.metadata),
        )


def heard(path: Path) -> tuple[float, float] | None:
    """When something can be heard, from and to, seconds; (0, 0) is silence, None no sound track."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None
        assert container.streams.audio[0].codec_context.name == "aac"
        pieces = [(frame.time, frame.to_ndarray()) for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    loud = [
        time + np.flatnonzero(np.abs(samples).max(axis=0) > 0.1)[[0, -1]] / rate
        for time, samples in pieces
        if time is not None and np.abs(samples).max() > 0.1
    ]
    return (round(float(loud[0][0]), 2), round(float(loud[-1][1]), 2)) if loud else (0.0, 0.0)


@pytest.fixture
def proxy(media: MediaChildren, tmp_path: Path) -> Callable[..., Path]:
    """Makes a proxy of a file."""

    def make(
        path: Path, height_px: int = 480, limit_s: float | None = None, facts_of: Path | None = None
    ) -> Path:
        facts = media.probe_port().probe(facts_of or path).media
        assert facts is not None
        with media.transcoder(path, facts, limit_s) as transcoder:
            return transcoder.proxy(height_px, tmp_path, TAGS)

    return make


@pytest.fixture
def made(proxy: Callable[..., Path], make_clip: Callable[..., Path]) -> Make:
    """A proxy of the clip of a recipe, looked at."""

    def make(height_px: int = 480, limit_s: float | None = None, **recipe: object) -> Made:
        return looked_at(proxy(make_clip(**recipe), height_px, limit_s))

    return make


def test_a_proxy_is_small_and_has_every_picture_at_its_time(made: Make) -> None:
    found = made(height_px=480, scale=6, frames=150, b_frames=2, audio="tone")
    assert found.size_px == (800, 480)
    assert found.pixel_format == "yuv420p"
    assert found.numbers == list(range(150))
    assert found.times_s == [round(number / 30, 3) for number in range(150)]
    assert found.duration_s == 5.0
    assert {0.0, 2.0, 4.0} <= set(found.keyframes_s)
    assert found.sound_s == pytest.approx((0.0, 5.0), abs=0.05)


def test_the_index_comes_first_and_the_file_says_where_it_is_from(made: Make) -> None:
    found = made()
    data = found.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert found.tags.items() >= TAGS.items()


def test_a_small_video_is_not_enlarged(made: Make) -> None:
    assert made(height_px=2160).size_px == (160, 96)


@pytest.mark.parametrize(
    ("rotation_deg", "size_px"), [(90, (800, 480)), (180, (800, 480)), (270, (800, 480))]
)
def test_a_turned_video_comes_out_upright(rotation_deg: int, size_px: tuple[int, int], made: Make) -> None:
    found = made(rotation_deg=rotation_deg, scale=6, frames=10)
    assert found.size_px == size_px
    assert found.numbers == list(range(10))


def test_a_varying_rate_stays_as_it_is(made: Make) -> None:
    times_ms = (0, 33, 100, 400, 433, 2500, 2533, 5000)
    found = made(times_ms=times_ms)
    assert found.times_s == [time / 1000 for time in times_ms]
    assert found.keyframes_s == [0.0, 2.5, 5.0]


def test_times_are_counted_from_the_first_picture_and_sound_stays_in_step(made: Make) -> None:
    found = made(start_ms=1500, suffix=".mkv", audio="tone", audio_ms=3000)
    assert found.times_s[0] == 0.0
    assert found.sound_s == pytest.approx((0.0, 1.5), abs=0.05)


@pytest.mark.parametrize("audio_ms", [500, 6000])
def test_sound_may_be_shorter_or_longer_than_the_pictures(audio_ms: int, made: Make) -> None:
    found = made(audio="tone", audio_ms=audio_ms)
    assert found.duration_s == 2.0
    assert found.sound_s == pytest.approx((0.0, audio_ms / 1000), abs=0.05)


def test_a_video_without_sound_has_a_proxy_without_sound(made: Make) -> None:
    assert made().sound_s is None


def test_sound_whose_decoder_refuses_to_start_is_left_out(
    make_clip: Callable[..., Path], proxy: Callable[..., Path], tmp_path: Path
) -> None:
    content = bytearray(make_clip(audio="tone").read_bytes())
    settings = content.index(b"\x05\x80\x80\x80", content.index(b"esds")) + 5  # AudioSpecificConfig
    content[settings : settings + 2] = bytes(2)
    refusing = tmp_path / "refusing.mp4"
    refusing.write_bytes(content)
    found = looked_at(proxy(refusing))
    assert (found.numbers, found.sound_s) == (list(range(60)), None)


def remuxed(path: Path, to: Path, sound_later_s: float, after_s: float = -1) -> Path:
    """The file with the times of its sound, but that up to `after_s`, so much later."""
    with av.open(str(path)) as source, av.open(str(to), "w") as copy:
        streams = {stream: copy.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                late = packet.stream.type == "audio" and packet.pts * packet.time_base > after_s
                packet.pts += round(late * sound_later_s / packet.time_base)
                packet.dts = packet.pts if late else packet.dts
                packet.stream = streams[packet.stream]
                copy.mux(packet)
    return to


@pytest.mark.parametrize("limit_s", [None, 1.5])
def test_sound_that_says_it_begins_a_century_later_is_left_out(
    make_clip: Callable[..., Path], proxy: Callable[..., Path], tmp_path: Path, limit_s: float | None
) -> None:
    leaping = remuxed(make_clip(audio="tone"), tmp_path / "leaping.mkv", sound_later_s=3e9, after_s=1)
    found = looked_at(proxy(leaping, limit_s=limit_s))
    assert len(found.numbers) == 30 * (limit_s or 2)
    assert found.sound_s == pytest.approx((0.0, 1.0), abs=0.05)


def test_sound_that_begins_soon_after_the_last_picture_is_kept(
    make_clip: Callable[..., Path], proxy: Callable[..., Path], tmp_path: Path
) -> None:
    path = remuxed(make_clip(frames=1, audio="tone", audio_ms=1000), tmp_path / "late.mkv", sound_later_s=5)
    assert looked_at(proxy(path)).sound_s == pytest.approx((5.0, 6.0), abs=0.05)


@pytest.mark.parametrize("frames", [1, 2])
def test_very_few_pictures_are_enough(frames: int, made: Make) -> None:
    found = made(frames=frames, audio="tone", audio_ms=1000)
    assert found.numbers == list(range(frames))
    assert found.duration_s == pytest.approx(frames / 30, abs=0.001)
    assert found.sound_s == pytest.approx((0.0, 1.0), abs=0.05)


def test_odd_sizes_lose_a_line(made: Make) -> None:
    assert made(extra_px=1, pixel_format="yuv444p").size_px == (160, 96)


@pytest.mark.parametrize(("colour", "transfer"), [("hdr10", 16), ("hlg", 18)])
def test_ten_bits_become_eight_and_keep_their_curve(colour: str, transfer: int, made: Make) -> None:
    found = made(codec="libx265", colour=colour, frames=10)
    assert (found.pixel_format, found.transfer) == ("yuv420p", transfer)
    assert found.numbers == list(range(10))


@pytest.mark.parametrize(
    "recipe",
    [
        {"suffix": ".webm", "codec": "libvpx-vp9"},
        {"suffix": ".mkv", "codec": "libx265"},
        {"suffix": ".avi", "codec": "mpeg4"},
        {"suffix": ".ts", "b_frames": 2},
        {"suffix": ".mkv", "codec": "mjpeg", "pixel_format": "yuvj420p"},
        {"suffix": ".mkv", "codec": "libx264rgb", "pixel_format": "rgb24"},
    ],
    ids=lambda recipe: "-".join(map(str, recipe.values())),
)
def test_every_kind_of_video_has_a_proxy(recipe: dict[str, object], made: Make) -> None:
    found = made(**recipe, frames=30, audio="tone")
    assert found.numbers == list(range(30))
    assert found.sound_s == pytest.approx((0.0, 1.0), abs=0.1)


@pytest.mark.parametrize(("rotation_deg", "aspect"), [(0, Fraction(4, 3)), (90, Fraction(3, 4))])
def test_pixels_keep_their_shape(rotation_deg: int, aspect: Fraction, made: Make) -> None:
    assert made(pixel_aspect=(4, 3), rotation_deg=rotation_deg, frames=5).pixel_aspect == aspect


def test_a_limit_ends_the_proxy(made: Make) -> None:
    found = made(limit_s=1.0, audio="tone")
    assert found.numbers == list(range(30))
    assert found.duration_s == 1.0
    assert found.sound_s == pytest.approx((0.0, 1.0), abs=0.05)


def test_a_request_does_no_more_than_it_has_time_for(
    media: MediaChildren, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    facts = media.probe_port().probe(make_clip()).media
    assert facts is not None and facts.video is not None
    transcoding = Transcoding(threads=1)
    transcoding.open(
        path=str(make_clip()),
        target=str(tmp_path / "proxy.mp4"),
        stream=facts.video.model_dump(mode="json"),
        audio_index=None,
        height_px=480,
        duration_s=2.0,
        limit_s=None,
        tags={},
    )
    requests = 1
    while not transcoding.step(seconds=0.0)["is_finished"]:
        requests += 1
    transcoding.close()
    assert requests >= 60  # a picture each
    assert looked_at(tmp_path / "proxy.mp4").numbers == list(range(60))


def test_damage_is_passed_over(
    proxy: Callable[..., Path], make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    whole = make_clip(frames=90, audio="tone")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(damage.scrambled_picture(whole.read_bytes(), 40))
    found = looked_at(proxy(broken, facts_of=whole))
    assert found.numbers[:40] == list(range(40))
    assert found.numbers[45:][-1] == 89
    assert found.duration_s == 3.0


def test_a_hole_in_the_file_is_read_past(
    proxy: Callable[..., Path], make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    whole = make_clip(suffix=".ts", frames=90, audio="tone")
    broken = tmp_path / "hole.ts"
    broken.write_bytes(damage.with_hole(whole.read_bytes(), lost_packets=20, zeros=1600 * 188))
    found = looked_at(proxy(broken, facts_of=whole))
    assert found.times_s[-1] == pytest.approx(2.967, abs=0.01)
    assert found.sound_s == pytest.approx((0.0, 3.0), abs=0.1)


def test_a_file_without_one_good_picture_is_refused(
    proxy: Callable[..., Path], make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    whole = make_clip()
    data = whole.read_bytes()
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    (tmp_path / "empty.mp4").write_bytes(data[:start] + bytes(end - start) + data[end:])
    with pytest.raises(BadVideo, match="decode_failed"):
        proxy(tmp_path / "empty.mp4", facts_of=whole)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.mp4"]


def test_a_full_disk_is_nobodys_video(
    proxy: Callable[..., Path], make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "proxy_480p.mp4").symlink_to("/dev/full")
    with pytest.raises(MachineBusy, match="No space left"):
        proxy(make_clip())
    assert list(tmp_path.iterdir()) == []
