from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from datalake.adapters.media.probe.protection import protection

MakeClip = Callable[..., Path]
PICTURE_PID, SOUND_PID = 256, 257
KEY = (
    ("encryption_scheme", "cenc-aes-ctr"),
    ("encryption_key", "00112233445566778899aabbccddeeff"),
    ("encryption_kid", "0123456789abcdef0123456789abcdef"),
)
# ContentEncodings > ContentEncoding > ContentEncodingType = 1, an empty ContentEncryption
MATROSKA_ENCRYPTION = bytes.fromhex("6d808a 624087 50338101 503580")


def scrambled(content: bytes, pid: int, pitch: int = 188) -> bytes:
    """All packets of a stream marked as scrambled, their payload noise."""
    packets = bytearray(content)
    for start in range(pitch - 188, len(packets), pitch):
        if int.from_bytes(packets[start + 1 : start + 3], "big") & 0x1FFF == pid:
            packets[start + 3] |= 0x80
            packets[start + 4 : start + 188] = random.Random(start).randbytes(184)
    return bytes(packets)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts", ".avi", ".flv"])
def test_what_is_open(make_clip: MakeClip, suffix: str) -> None:
    assert protection(make_clip(audio="tone", suffix=suffix), PICTURE_PID) is None


@pytest.mark.parametrize("movflags", ["", "faststart", "frag_keyframe+empty_moov"])
def test_common_encryption(make_clip: MakeClip, movflags: str) -> None:
    encrypted = make_clip(audio="tone", muxer_options=KEY, movflags=movflags)
    assert protection(encrypted, PICTURE_PID) == "the picture is stored as 'encv' (common encryption)"


def test_fairplay(make_clip: MakeClip, tmp_path: Path) -> None:
    encrypted = written(
        tmp_path / "a.mp4", make_clip(audio="tone").read_bytes().replace(b"avc1\x00", b"drmi\x00")
    )
    assert protection(encrypted, PICTURE_PID) == "the picture is stored as 'drmi' (FairPlay)"


def test_encrypted_sound_alone_leaves_the_picture(make_clip: MakeClip, tmp_path: Path) -> None:
    half = make_clip(audio="tone", muxer_options=KEY).read_bytes().replace(b"encv", b"avc1")
    assert protection(written(tmp_path / "a.mp4", half), PICTURE_PID) is None


@pytest.mark.parametrize(
    ("recipe", "codec", "is_picture"),
    [
        ({"suffix": ".mkv"}, b"V_MPEG4", True),
        ({"suffix": ".webm", "codec": "libvpx-vp9"}, b"A_OPUS", False),
    ],
)
def test_an_encrypted_matroska_track(
    make_clip: MakeClip, tmp_path: Path, recipe: dict[str, str], codec: bytes, is_picture: bool
) -> None:
    """The encoding takes the place of a track's codec settings, and filling the rest of it."""
    content = bytearray(make_clip(audio="tone", **recipe).read_bytes())
    settings = content.index(b"\x63\xa2", content.index(codec))
    size = 3 + (content[settings + 2] & 0x7F)
    rest = size - len(MATROSKA_ENCRYPTION)
    filling = b"\xec" + bytes([0x80 | (rest - 2)]) + bytes(rest - 2)
    content[settings : settings + size] = MATROSKA_ENCRYPTION + filling
    found = protection(written(tmp_path / "a.mkv", bytes(content)), PICTURE_PID)
    assert found == ("the picture track has a ContentEncryption" if is_picture else None)


def test_scrambled_transport_packets(make_clip: MakeClip, tmp_path: Path) -> None:
    content = make_clip(audio="tone", suffix=".ts", scale=2).read_bytes()
    found = protection(written(tmp_path / "a.ts", scrambled(content, PICTURE_PID)), PICTURE_PID)
    assert found is not None
    assert found.endswith("transport packets looked at are scrambled")
    assert protection(written(tmp_path / "b.ts", scrambled(content, SOUND_PID)), PICTURE_PID) is None


def test_scrambled_packets_with_a_time_code(make_clip: MakeClip, tmp_path: Path) -> None:
    plain = make_clip(audio="tone", suffix=".ts", scale=2).read_bytes()
    timed = b"".join(bytes(4) + plain[start : start + 188] for start in range(0, len(plain), 188))
    assert protection(written(tmp_path / "a.m2ts", timed), PICTURE_PID) is None
    assert (
        protection(written(tmp_path / "b.m2ts", scrambled(timed, PICTURE_PID, pitch=192)), PICTURE_PID)
        is not None
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x84abcd", b"\x00\x00\x00\x08moov"],
)
def test_stumps_of_files(tmp_path: Path, content: bytes) -> None:
    assert protection(written(tmp_path / "stump", content), PICTURE_PID) is None
