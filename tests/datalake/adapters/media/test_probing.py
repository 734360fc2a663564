from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import TypeAdapter

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.probing import probe
from datalake.adapters.ports import Probe

MakeClip = Callable[..., Path]
Probed = Callable[[Path], Probe]


@pytest.fixture(params=["in a child", "right here"])
def probed(request: pytest.FixtureRequest, media: MediaChildren) -> Probed:
    """The probe as it runs in production, and as plain code (for the debugger, and for coverage)."""
    if request.param == "in a child":
        return media.probe_port().probe
    return lambda path: TypeAdapter(Probe).validate_python(probe(str(path)).result)


def codes(found: Probe) -> list[str]:
    return [finding.code for finding in found.findings]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("recipe", "container", "codec", "duration_s", "start_pts"),
    [
        ({}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 0),
        ({"b_frames": 2, "audio": True}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 0),
        ({"movflags": "frag_keyframe+empty_moov"}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 0),
        ({"suffix": ".mov", "codec": "libx265"}, "mov,mp4,m4a,3gp,3g2,mj2", "hevc", 2.0, 0),
        ({"suffix": ".mkv", "b_frames": 2}, "matroska,webm", "h264", 2.0, 0),
        ({"suffix": ".webm", "codec": "libvpx-vp9"}, "matroska,webm", "vp9", 2.0, 0),
        ({"suffix": ".ts", "b_frames": 2}, "mpegts", "h264", 2.0, 6000),
        ({"suffix": ".ts", "codec": "mpeg2video", "b_frames": 2}, "mpegts", "mpeg2video", 2.0, 3000),
        ({"suffix": ".avi", "codec": "mpeg4"}, "avi", "mpeg4", 2.0, 0),
        ({"start_ms": 5000}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 450_000),
        ({"start_ms": -500}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 1.5, 0),
        ({"suffix": ".mkv", "start_ms": 5000}, "matroska,webm", "h264", 2.0, 5000),
        ({"frames": 1}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 1 / 30, 0),
        ({"times_ms": (0, 40, 500, 5000)}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 5.033, 0),
    ],
    ids=str,
)
def test_facts_of_good_files(
    probed: Probed,
    make_clip: MakeClip,
    recipe: dict[str, object],
    container: str,
    codec: str,
    duration_s: float,
    start_pts: int,
) -> None:
    found = probed(make_clip(**recipe))
    assert found.findings == ()
    assert found.media is not None
    assert found.media.video is not None
    assert found.media.container == container
    assert found.media.video.codec == codec
    assert found.media.measured_duration_s == pytest.approx(duration_s, abs=0.07)
    assert found.media.video.start_pts == start_pts
    assert found.media.has_audio is bool(recipe.get("audio"))


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_size_is_as_displayed(probed: Probed, make_clip: MakeClip, rotation_deg: int) -> None:
    found = probed(make_clip(rotation_deg=rotation_deg))
    assert found.media is not None
    assert found.media.video is not None
    assert found.media.video.rotation_deg == rotation_deg
    assert (found.media.video.width_px, found.media.video.height_px) == (160, 96)


def test_clockwise_means_what_phones_mean(make_clip: MakeClip) -> None:
    """A phone held upright writes the matrix (0 1 0, -1 0 0, 0 0 1) for a quarter turn clockwise."""
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    content = make_clip(rotation_deg=90).read_bytes()
    header = content[content.index(b"tkhd") :]
    assert header[44:60] == matrix[:16]


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"movflags": "faststart"},
        {"movflags": "frag_keyframe+empty_moov"},
        {"suffix": ".mkv"},
        {"suffix": ".webm", "codec": "libvpx-vp9"},
        {"suffix": ".ts"},
        {"suffix": ".avi", "codec": "mpeg4"},
    ],
    ids=str,
)
def test_cut_files_are_truncated(
    probed: Probed, make_clip: MakeClip, tmp_path: Path, recipe: dict[str, str]
) -> None:
    whole = make_clip(**recipe).read_bytes()
    found = probed(written(tmp_path / "cut", whole[: len(whole) * 6 // 10]))
    assert codes(found)[0] == "truncated"
    assert codes(found).count("truncated") == 1


def test_an_end_that_no_header_promises_is_missed_by_the_duration(
    probed: Probed, make_clip: MakeClip, tmp_path: Path
) -> None:
    """The segment's size is left open, as in a recording: only the stated duration tells."""
    whole = bytearray(make_clip(suffix=".mkv", frames=150).read_bytes())
    segment = whole.index(b"\x18\x53\x80\x67") + 4
    whole[segment : segment + 8] = b"\x01" + b"\xff" * 7
    found = probed(written(tmp_path / "cut.mkv", bytes(whole[: len(whole) // 2])))
    assert codes(found) == ["truncated"]
    assert found.findings[0].evidence.startswith("the container states 5.00 s, pictures end at 2.")


def test_an_mp4_track_that_ends_early_by_its_index(
    probed: Probed, make_clip: MakeClip, tmp_path: Path
) -> None:
    """The media data box runs `to the end of the file`, so no box is cut; the index still counts frames."""
    whole = bytearray(make_clip(movflags="faststart", frames=150).read_bytes())
    start = whole.index(b"mdat") - 4
    whole[start : start + 4] = bytes(4)
    found = probed(written(tmp_path / "cut.mp4", bytes(whole[: len(whole) * 2 // 3])))
    assert codes(found) == ["truncated"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"this is a text, not a video\n" * 200, "not_a_video"),
        (b"\x00" * 4096, "not_a_video"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 500, "not_a_video"),
        (b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", "not_a_video"),
    ],
)
def test_what_is_no_video(probed: Probed, tmp_path: Path, content: bytes, code: str) -> None:
    found = probed(written(tmp_path / "fake.mp4", content))
    assert codes(found) == [code]
    assert found.media is None
    assert found.findings[0].severity == "error"


def test_a_playlist_cannot_make_us_open_other_files(
    probed: Probed, make_clip: MakeClip, tmp_path: Path
) -> None:
    secret = make_clip()
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{secret.as_uri()}\n#EXT-X-ENDLIST\n"
    concat = f"ffconcat version 1.0\nfile '{secret}'\n"
    for number, content in enumerate((playlist, concat)):
        found = probed(written(tmp_path / f"list{number}.mp4", content.encode()))
        assert codes(found) == ["not_a_video"]


def test_an_unknown_codec_has_facts_but_no_decoder(
    probed: Probed, make_clip: MakeClip, tmp_path: Path
) -> None:
    content = make_clip().read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC")
    found = probed(written(tmp_path / "odd.mp4", content))
    assert codes(found) == ["unsupported_codec"]
    assert found.media is not None
    assert found.media.duration_s == 2.0


def test_sound_alone_is_no_video_stream(probed: Probed, tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = probed(path)
    assert codes(found) == ["no_video_stream"]
    assert found.findings[0].evidence == "streams: audio"


def test_a_bare_stream_has_no_times(probed: Probed, make_clip: MakeClip, tmp_path: Path) -> None:
    path = tmp_path / "bare.h264"
    with av.open(str(make_clip())) as container, av.open(str(path), "w") as bare:
        stream = bare.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                bare.mux(packet)
    assert codes(probed(path)) == ["no_timestamps"]


def test_pictures_that_do_not_decode(probed: Probed, make_clip: MakeClip, tmp_path: Path) -> None:
    content = bytearray(make_clip().read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    content[start:end] = b"\xff" * (end - start)
    found = probed(written(tmp_path / "noise.mp4", bytes(content)))
    assert codes(found) == ["decode_failed"]
