from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datalake.adapters.media.probe.container_size import missing_part

CONTAINERS = [
    {"suffix": ".mp4"},
    {"suffix": ".mp4", "movflags": "faststart"},
    {"suffix": ".mp4", "movflags": "frag_keyframe+empty_moov"},
    {"suffix": ".mov"},
    {"suffix": ".mkv"},
    {"suffix": ".webm", "codec": "libvpx-vp9"},
    {"suffix": ".ts"},
    {"suffix": ".avi", "codec": "mpeg4"},
    {"suffix": ".flv"},
]
TRANSPORT = b"".join(b"\x47\x40" + bytes([pid]) + b"\x10" * 185 for pid in (0, 32, 33))


@pytest.mark.parametrize("recipe", CONTAINERS, ids=str)
def test_a_whole_file_misses_nothing(make_clip: Callable[..., Path], recipe: dict[str, str]) -> None:
    assert missing_part(make_clip(**recipe)) is None


@pytest.mark.parametrize("recipe", CONTAINERS, ids=str)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_cut_file_says_where_it_should_end(
    make_clip: Callable[..., Path], tmp_path: Path, recipe: dict[str, str], share: float
) -> None:
    whole = make_clip(**recipe).read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(whole[: int(len(whole) * share) // 188 * 188 + 100])
    evidence = missing_part(cut)
    assert evidence is not None
    assert f"the file at {cut.stat().st_size}" in evidence


@pytest.mark.parametrize(
    ("content", "evidence"),
    [
        (b"", None),
        (b"just a text\n" * 100, None),
        (b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", None),
        (b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00" * 64, None),  # padding after the last box
        (b"\x00\x00\x00\x08free\x00\x00\x00\x08mdat", "holds media data (mdat) but no index (moov)"),
        (b"\x00\x00\x00\x00mdat" + b"x" * 99, "holds media data (mdat) but no index (moov)"),
        (b"\x00\x00\x00\x01mdat" + (2**40).to_bytes(8, "big"), "box 'mdat' ends at byte 1099511627776"),
        (b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"live", None),  # size left open
        (b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x84abc", "Matroska segment ends at byte 14, the file at 13"),
        (b"\x1a\x45\xdf\xa3", None),
        (b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00", None),
        (b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00\x12\x00\x00", "the last FLV tag ends later than"),
        (TRANSPORT + TRANSPORT[:100], None),  # a table, not all of it
        (TRANSPORT + b"\x47\x1f\xff\x10" + b"\xff" * 90, None),  # filling, as packets
        (TRANSPORT + b"\x00" * 100, None),  # filling
        (
            TRANSPORT + b"\x47\x01\x00\x10" + b"\xff" * 90,
            "transport packet ends at byte 752",
        ),
        (TRANSPORT + b"\x47", "transport packet ends at byte 752"),
        ((b"\x00" * 4 + b"\x47" + b"\x00" * 187) * 3 + b"\x00", "transport packet ends at byte 768"),
    ],
)
def test_headers_alone(tmp_path: Path, content: bytes, evidence: str | None) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    found = missing_part(path)
    assert found is None if evidence is None else found is not None and found.startswith(evidence)
