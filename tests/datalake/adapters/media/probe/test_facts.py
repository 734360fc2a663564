from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from datalake.adapters.media.probe.probing import probe
from datalake.contracts import Colour, MediaFacts, VideoStream
from tests.clips import damage

MakeClip = Callable[..., Path]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def media_of(path: Path) -> MediaFacts:
    return MediaFacts.model_validate(probe(str(path))["media"])


def video_of(path: Path) -> VideoStream:
    video = media_of(path).video
    assert video is not None
    return video


def test_everything_about_the_picture(make_clip: MakeClip) -> None:
    video = video_of(make_clip(codec="libx265", colour="hdr10", pixel_aspect=(4, 3), rotation_deg=90))
    assert (video.profile, video.pixel_format, video.bit_depth) == ("Main 10", "yuv420p10le", 10)
    assert video.colour == Colour(primaries="bt2020", transfer="smpte2084", matrix="bt2020nc", range="tv")
    assert (video.pixel_aspect, video.rotation_deg, video.is_interlaced) == ((4, 3), 90, False)
    assert (video.nominal_frames, video.measured_frames, video.keyframes) == (60, 60, 4)
    assert video.shortest_interval_s == video.longest_interval_s == pytest.approx(1 / 30)
    assert video.bit_rate_bps is not None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".flv"])
def test_bit_rates_are_measured_where_nothing_states_them(make_clip: MakeClip, suffix: str) -> None:
    path = make_clip(suffix=suffix, audio="tone")
    media = media_of(path)
    assert media.video is not None
    assert media.audio is not None
    with av.open(str(path)) as container:
        picture_bytes = sum(packet.size for packet in container.demux(video=0))
    assert media.video.bit_rate_bps == pytest.approx(8 * picture_bytes / 2, rel=0.03)
    assert media.audio.bit_rate_bps is not None
    assert media.bit_rate_bps == pytest.approx(8 * path.stat().st_size / 2, rel=0.03)


@pytest.mark.parametrize(
    ("audio", "loudest_dbfs", "quietest_dbfs"),
    [("silence", -120, -120), ("tone", -8, -13)],  # AAC rings where the tone breaks off
)
def test_everything_about_the_sound(
    make_clip: MakeClip, audio: str, loudest_dbfs: float, quietest_dbfs: float
) -> None:
    sound = media_of(make_clip(audio=audio, audio_ms=3000)).audio
    assert sound is not None
    assert (sound.index, sound.codec, sound.sample_rate_hz, sound.channels) == (1, "aac", 48_000, 1)
    assert sound.duration_s == pytest.approx(3.0, abs=0.03)
    assert sound.peak_dbfs is not None
    assert quietest_dbfs <= sound.peak_dbfs <= loudest_dbfs


def test_tags_that_are_no_utf_8_are_shown_as_far_as_they_are(make_clip: MakeClip, tmp_path: Path) -> None:
    old = tmp_path / "old.mkv"
    old.write_bytes(
        make_clip(suffix=".mkv", tags=(("title", "Cafe noir"),)).read_bytes().replace(b"Cafe", b"Caf\xe9")
    )
    assert probe(str(old))["media"]["tags"]["title"] == "Caf\ufffd noir"


def test_tags_and_the_recording_time(make_clip: MakeClip) -> None:
    tags = (("title", "Mäuse" * 200), ("creation_time", "2024-05-06T07:08:09Z"))
    media = media_of(make_clip(tags=tags))
    assert media.recorded_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert media.tags["title"] == ("Mäuse" * 200)[:500]


def test_a_damaged_beginning_leaves_the_facts(make_clip: MakeClip, tmp_path: Path) -> None:
    """Time still counts from the picture that is lost."""
    hurt = damage.scrambled_picture(make_clip().read_bytes(), 0)
    video = video_of(written(tmp_path / "hurt.mp4", hurt))
    assert (video.width_px, video.start_pts, video.measured_frames) == (160, 0, 60)


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_size_is_as_displayed(make_clip: MakeClip, rotation_deg: int) -> None:
    video = video_of(make_clip(rotation_deg=rotation_deg))
    assert (video.rotation_deg, video.width_px, video.height_px) == (rotation_deg, 160, 96)


def test_clockwise_means_what_phones_mean(make_clip: MakeClip) -> None:
    """A phone held upright writes the matrix (0 1 0, -1 0 0, 0 0 1) for a quarter turn clockwise."""
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    content = make_clip(rotation_deg=90).read_bytes()
    header = content[content.index(b"tkhd") :]
    assert header[44:60] == matrix[:16]


def test_a_picture_before_the_first_keyframe_is_not_the_first(make_clip: MakeClip, tmp_path: Path) -> None:
    """A broadcast that was joined between two keyframes; the loss is nobody's damage."""
    whole = make_clip(suffix=".ts", codec="libx265", frames=90)
    packets = whole.read_bytes()
    joined = written(tmp_path / "joined.ts", packets[188 * 20 :])
    with av.open(str(whole)) as container:
        keyframes = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe]
    assert video_of(joined).start_pts == keyframes[1]
    assert [one["code"] for one in probe(str(joined))["findings"]] == ["no_audio"]


def test_an_unknown_codec_has_other_facts(make_clip: MakeClip, tmp_path: Path) -> None:
    content = damage.with_unknown_codec(make_clip(audio="tone").read_bytes())
    media = media_of(written(tmp_path / "odd.mp4", content))
    assert media.video is None
    assert media.duration_s == 2.0
    assert media.audio is not None
    assert media.audio.codec == "aac"


def test_the_picture_track_is_chosen_among_others(tmp_path: Path) -> None:
    """A cover picture comes first, then the film, then a second film."""
    path = tmp_path / "several.mp4"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream(codec, rate=25) for codec in ("mjpeg", "libx264", "libx264")]
        for stream, size in zip(streams, (64, 96, 128), strict=True):
            stream.width = stream.height = size
            stream.pix_fmt = "yuvj420p" if size == 64 else "yuv420p"
        streams[0].disposition = av.stream.Disposition.attached_pic
        for stream, size in zip(streams, (64, 96, 128), strict=True):
            for number in range(1 if size == 64 else 5):
                frame = av.VideoFrame.from_ndarray(np.zeros((size, size, 3), np.uint8), format="rgb24")
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    video = video_of(path)
    assert (video.index, video.width_px, video.measured_frames) == (0, 96, 5)
