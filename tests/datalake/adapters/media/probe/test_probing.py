from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from pydantic import TypeAdapter

from datalake.adapters.media.children import MediaChildren
from datalake.adapters.media.packets import packets
from datalake.adapters.media.probe import probing
from datalake.adapters.media.probe.probing import probe
from datalake.adapters.ports import Probe
from tests.clips import damage

ENCRYPTION = (
    ("encryption_scheme", "cenc-aes-ctr"),
    ("encryption_key", "00112233445566778899aabbccddeeff"),
    ("encryption_kid", "0123456789abcdef0123456789abcdef"),
)
MakeClip = Callable[..., Path]
Probed = Callable[[Path], Probe]


@pytest.fixture(params=["in a child", "right here"])
def probed(request: pytest.FixtureRequest, media: MediaChildren) -> Probed:
    """The probe as it runs in production, and as plain code (for the debugger, and for coverage)."""
    if request.param == "in a child":
        return media.probe_port().probe
    return lambda path: TypeAdapter(Probe).validate_python(probe(str(path)))


def codes(found: Probe) -> list[str]:
    return [finding.code for finding in found.findings]


def name_of(value: object) -> str:
    """What a test is called by: the same in every process, so without addresses."""
    if isinstance(value, partial):
        return f"{value.func.__name__} {value.keywords}"
    return getattr(value, "__name__", str(value))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("recipe", "container", "codec", "duration_s", "start_pts"),
    [
        ({}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 0),
        ({"b_frames": 2}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 0),
        ({"movflags": "frag_keyframe+empty_moov"}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 0),
        ({"suffix": ".mov", "codec": "libx265"}, "mov,mp4,m4a,3gp,3g2,mj2", "hevc", 2.0, 0),
        ({"suffix": ".mkv", "b_frames": 2}, "matroska,webm", "h264", 2.0, 0),
        ({"suffix": ".webm", "codec": "libvpx-vp9"}, "matroska,webm", "vp9", 2.0, 0),
        ({"suffix": ".webm", "codec": "libsvtav1"}, "matroska,webm", "av1", 2.0, 0),
        ({"suffix": ".ts", "b_frames": 2}, "mpegts", "h264", 2.0, 6000),
        ({"suffix": ".ts", "codec": "mpeg2video", "b_frames": 2}, "mpegts", "mpeg2video", 2.0, 3000),
        ({"suffix": ".avi", "codec": "mpeg4"}, "avi", "mpeg4", 2.0, 0),
        ({"suffix": ".flv"}, "flv", "h264", 2.0, 21),
        ({"start_ms": 5000}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 450_000),
        ({"suffix": ".mkv", "start_ms": 5000}, "matroska,webm", "h264", 2.0, 5000),
        ({"frames": 1}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 1 / 30, 0),
        ({"b_frames": 3, "params": "open-gop=1"}, "mov,mp4,m4a,3gp,3g2,mj2", "h264", 2.0, 0),
        ({"suffix": ".mkv", "audio_ms": 6000}, "matroska,webm", "h264", 2.0, 0),
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
    found = probed(make_clip(**{"audio": "tone", **recipe}))
    assert found.findings == ()
    assert found.media is not None
    assert found.media.video is not None
    assert found.media.container == container
    assert found.media.video.codec == codec
    assert found.media.measured_duration_s == pytest.approx(duration_s, abs=0.07)
    assert found.media.video.start_pts == start_pts


@pytest.mark.parametrize(
    ("recipe", "code", "evidence"),
    [
        ({"audio": False}, "no_audio", "there is no sound track"),
        ({"rotation_deg": 270}, "rotated", "270 degrees clockwise"),
        ({"codec": "libx265", "colour": "hlg"}, "hdr", "transfer arib-std-b67, primaries bt2020, 10 bit"),
        ({"interlaced": True}, "interlaced", "h264 codes two fields a picture"),
        ({"pixel_aspect": (4, 3)}, "non_square_pixels", "pixels are 4:3"),
        (
            {"times_ms": (0, 40, 500, 520, 1400, 1500)},
            "variable_frame_rate",
            "pictures follow each other by 20.0 to 880.0 ms; 100% of the intervals differ",
        ),
        (
            {"suffix": ".ts", "start_ms": -500, "muxer_options": (("avoid_negative_ts", "disabled"),)},
            "negative_timestamps",
            "the first picture is at -0.500 s",
        ),
        ({"start_ms": -500}, "negative_timestamps", "an edit list hides 15 of 60 pictures"),
        ({"start_ms": -400}, "negative_timestamps", "an edit list hides 12 of 60 pictures"),
        (
            {"suffix": ".mkv", "start_ms": -500, "muxer_options": (("avoid_negative_ts", "disabled"),)},
            "missing_timestamps",
            "15 of 60 pictures have no presentation time",
        ),
        ({"suffix": ".avi", "b_frames": 2}, "missing_timestamps", "AVI has no presentation times"),
        ({"suffix": ".h264", "audio": False}, "no_timestamps", "60 packets without a presentation time"),
        ({"has_picture": False}, "no_video_stream", "streams: audio"),
        ({"muxer_options": ENCRYPTION}, "encrypted", "the picture is stored as 'encv' (common encryption)"),
    ],
    ids=str,
)
def test_what_is_unusual_is_noticed_once(
    probed: Probed, make_clip: MakeClip, recipe: dict[str, object], code: str, evidence: str
) -> None:
    found = probed(make_clip(**{"audio": "tone", **recipe}))
    assert codes(found) == [code]
    assert found.findings[0].evidence.startswith(evidence)


@pytest.mark.parametrize(
    ("recipe", "happened", "code", "evidence"),
    [
        ({"suffix": ".mkv"}, damage.without_cues, "broken_index", "there are no Cues"),
        ({"suffix": ".avi"}, damage.without_avi_index, "broken_index", "there is neither `idx1` nor `indx`"),
        ({"suffix": ".ts"}, damage.twice, "timestamps_jump", "at 1.99 s the clock jumps back by 1.97 s"),
        ({"suffix": ".mkv"}, damage.twice, "timestamps_jump", "at 1.97 s the clock jumps back by 1.97 s"),
        (
            {"suffix": ".mkv"},
            partial(damage.zeroed, start_percent=50, size=2000),
            "damaged_container",
            "bytes 1",
        ),
        ({}, damage.with_unknown_codec, "unsupported_codec", "no decoder for the picture track"),
        ({}, partial(damage.scrambled_picture, number=0), "decode_failed", "at the first picture: Invalid"),
    ],
    ids=name_of,
)
def test_what_happened_to_a_file_is_noticed_once(
    probed: Probed,
    make_clip: MakeClip,
    tmp_path: Path,
    recipe: dict[str, str],
    happened: Callable[[bytes], bytes],
    code: str,
    evidence: str,
) -> None:
    clip = make_clip(audio="tone", **recipe)
    found = probed(written(tmp_path / f"hurt{clip.suffix}", happened(clip.read_bytes())))
    assert codes(found) == [code]
    assert found.findings[0].evidence.startswith(evidence)


@pytest.mark.parametrize("zeros", [20 * 188, 75_200, 300_800])
def test_a_hole_is_told_by_its_bytes_and_what_lies_around(
    probed: Probed, make_clip: MakeClip, tmp_path: Path, zeros: int
) -> None:
    """However long it is, what lies behind it counts."""
    content = make_clip(suffix=".ts", frames=600, audio="tone").read_bytes()
    start = len(content) // 2 // 188 * 188
    found = probed(written(tmp_path / "hole.ts", damage.with_hole(content, lost_packets=20, zeros=zeros)))
    assert codes(found) == ["damaged_container"]
    where = f"bytes {start:,} to {start + zeros:,} cannot be read, between the pictures at "
    assert found.findings[0].evidence.startswith(where)
    assert found.media is not None
    assert found.media.measured_duration_s == pytest.approx(20.0, abs=0.01)


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
        {"suffix": ".flv"},
    ],
    ids=str,
)
def test_cut_files_are_truncated(
    probed: Probed, make_clip: MakeClip, tmp_path: Path, recipe: dict[str, str]
) -> None:
    whole = make_clip(audio="tone", **recipe).read_bytes()
    cut = damage.cut_in_transport if recipe.get("suffix") == ".ts" else damage.cut
    found = probed(written(tmp_path / "cut", cut(whole, 60)))
    assert codes(found) == ["truncated"]


def test_a_scrambled_broadcast(probed: Probed, make_clip: MakeClip, tmp_path: Path) -> None:
    packets = bytearray(make_clip(suffix=".ts", audio="tone").read_bytes())
    for start in range(0, len(packets), 188):
        if packets[start + 1] & 0x1F == 1:  # picture and sound, not the tables
            packets[start + 3] |= 0xC0
            packets[start + 4 : start + 188] = random.Random(start).randbytes(184)
    found = probed(written(tmp_path / "paid.ts", bytes(packets)))
    assert codes(found) == ["encrypted"]


def test_how_loud_an_encrypted_file_is_nobody_knows(
    probed: Probed, make_clip: MakeClip, tmp_path: Path
) -> None:
    clear = make_clip(audio="tone").read_bytes()
    found = probed(written(tmp_path / "paid.mp4", clear.replace(b"avc1", b"encv")))
    assert codes(found) == ["encrypted"]
    assert found.media is not None
    assert found.media.audio is not None
    assert found.media.audio.duration_s is not None
    assert found.media.audio.peak_dbfs is None


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_second_sound_may_be_longer(probed: Probed, make_clip: MakeClip, suffix: str) -> None:
    found = probed(make_clip(suffix=suffix, audio="tone", second_audio_ms=5000))
    assert codes(found) == []
    assert found.media is not None
    assert found.media.duration_s == pytest.approx(5.0, abs=0.1)


def test_an_end_that_no_header_promises_is_missed_by_the_duration(
    probed: Probed, make_clip: MakeClip, tmp_path: Path
) -> None:
    """The segment's size is left open, as in a recording: only the stated duration tells."""
    whole = bytearray(make_clip(suffix=".mkv", frames=150, audio="tone", audio_ms=100).read_bytes())
    segment = whole.index(b"\x18\x53\x80\x67") + 4
    whole[segment : segment + 8] = b"\x01" + b"\xff" * 7
    found = probed(written(tmp_path / "cut.mkv", bytes(whole[: len(whole) // 2])))
    assert codes(found) == ["truncated"]
    assert found.findings[0].evidence.startswith("the container states 5.00 s, pictures end at 2.")


def test_an_mp4_track_that_ends_early_by_its_index(
    probed: Probed, make_clip: MakeClip, tmp_path: Path
) -> None:
    """The media data box runs `to the end of the file`, so no box is cut; the index still counts frames."""
    whole = bytearray(make_clip(movflags="faststart", frames=150, audio="tone").read_bytes())
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


def test_pictures_that_do_not_decode(probed: Probed, make_clip: MakeClip, tmp_path: Path) -> None:
    content = bytearray(make_clip().read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    content[start:end] = b"\xff" * (end - start)
    found = probed(written(tmp_path / "noise.mp4", bytes(content)))
    assert codes(found) == ["decode_failed"]
    assert found.media is not None
    assert found.media.video is None


def test_a_decoder_that_refuses_to_start(probed: Probed, make_clip: MakeClip, tmp_path: Path) -> None:
    """Its settings are damaged; asking it twice would end the process."""
    content = bytearray(make_clip(suffix=".mkv", audio="tone").read_bytes())
    settings = content.index(b"\x63\xa2", content.index(b"A_AAC"))  # CodecPrivate of the sound
    content[settings + 3 : settings + 5] = b"\xff\xff"
    found = probed(written(tmp_path / "mute.mkv", bytes(content)))
    assert codes(found) == []
    assert found.media is not None
    assert found.media.audio is not None
    assert found.media.audio.peak_dbfs is None


def test_the_picture_is_decoded_by_one_thread(monkeypatch: pytest.MonkeyPatch, make_clip: MakeClip) -> None:
    """More take memory, and would be as many as the machine has processors."""
    seen: list[int] = []

    def noted(container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
        seen.append(stream.codec_context.thread_count)
        return packets(container, stream)

    monkeypatch.setattr(probing, "packets", noted)
    assert probing.probe(str(make_clip()))["media"] is not None
    assert seen == [1]
