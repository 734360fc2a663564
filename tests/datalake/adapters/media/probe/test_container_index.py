from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from datalake.adapters.media.probe.container_index import avi_index, broken_index, wrong_positions
from datalake.adapters.media.probe.probing import probe
from tests.clips import damage

MakeClip = Callable[..., Path]
AVI = {"suffix": ".avi", "codec": "mpeg4"}


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"movflags": "frag_keyframe+empty_moov"},
        {"suffix": ".mkv"},
        {"suffix": ".mkv", "frames": 1},
        {"suffix": ".mkv", "muxer_options": (("reserve_index_space", "4096"),)},
        {"suffix": ".mkv", "muxer_options": (("live", "1"),)},
        {"suffix": ".webm", "codec": "libvpx-vp9"},
        {"suffix": ".ts"},
        {"suffix": ".flv"},
        AVI,
    ],
    ids=str,
)
def test_files_with_an_index_or_without_need(make_clip: MakeClip, recipe: dict[str, object]) -> None:
    assert broken_index(make_clip(audio="tone", **recipe)) is None


def test_a_missing_index(make_clip: MakeClip, tmp_path: Path) -> None:
    mkv = damage.without_cues(make_clip(suffix=".mkv").read_bytes())
    assert broken_index(written(tmp_path / "a.mkv", mkv)) == "there are no Cues"
    avi = damage.without_avi_index(make_clip(**AVI).read_bytes())
    assert broken_index(written(tmp_path / "a.avi", avi)) == "there is neither `idx1` nor `indx`"


def test_an_index_in_the_header_of_a_large_avi(make_clip: MakeClip, tmp_path: Path) -> None:
    """OpenDML reserves `indx` for each stream; the small index may then be left out."""
    content = make_clip(**AVI, muxer_options=(("reserve_index_space", "64"),)).read_bytes()
    assert b"indx" not in content
    avi = damage.without_avi_index(content.replace(b"JUNK", b"indx", 1))
    assert broken_index(written(tmp_path / "a.avi", avi)) is None


def test_cues_that_point_into_the_void(make_clip: MakeClip, tmp_path: Path) -> None:
    content = bytearray(make_clip(suffix=".mkv", scale=2, frames=300, gop=30).read_bytes())
    cues = content.rindex(b"\x1c\x53\xbb\x6b")
    first = content.index(b"\xf1", cues)
    content[first + 2] ^= 0x15
    found = broken_index(written(tmp_path / "a.mkv", bytes(content)))
    assert found is not None
    assert found.startswith("1 of ")
    assert found.endswith(" Cues point to no Cluster")


def test_an_avi_whose_index_lies(make_clip: MakeClip, tmp_path: Path) -> None:
    content = bytearray(make_clip(**AVI).read_bytes())
    start = content.rindex(b"idx1") + 8
    chance = random.Random(2)
    for entry in range(start + 16, len(content) - 15, 16):  # the first one tells where counting begins
        content[entry + 8 : entry + 12] = chance.randrange(4, 4000).to_bytes(4, "little")
    found = probe(str(written(tmp_path / "a.avi", bytes(content))))["findings"]
    assert [one["code"] for one in found] == ["broken_index", "no_audio"]
    assert found[0]["evidence"].startswith("the index finds ")


def test_only_an_avi_has_its_index_compared(make_clip: MakeClip) -> None:
    with av.open(str(make_clip())) as container:
        assert avi_index(container, container.streams.video[0]) is None
    with av.open(str(make_clip(**AVI))) as container:
        assert avi_index(container, None) is None
        index = avi_index(container, container.streams.video[0])
    assert index is not None
    assert len(index) == 60


@pytest.mark.parametrize(
    ("found", "evidence"), [(100, None), (98, None), (97, "the index finds 97 of 100 pictures")]
)
def test_a_picture_or_two_may_be_missing(found: int, evidence: str | None) -> None:
    positions = np.arange(100, dtype=np.int64) * 1000
    assert wrong_positions(positions, positions[:found] - 8) == evidence


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"\x1a\x45\xdf\xa3\x80", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x84\xff\xff\xff\xff"],
)
def test_stumps_of_files(tmp_path: Path, content: bytes) -> None:
    expected = "there is neither `idx1` nor `indx`" if content == b"RIFF" else None
    assert broken_index(written(tmp_path / "stump", content)) == expected
