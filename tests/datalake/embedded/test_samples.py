from __future__ import annotations

from pathlib import Path

import av
import pytest

from datalake.embedded import samples
from datalake.errors import ConfigurationError


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATALAKE_HOME", str(tmp_path))


def test_every_clip_decodes_to_its_end() -> None:
    frames = {}
    for clip in samples.sample_clips():
        with av.open(str(clip)) as reading:
            frames[clip.stem] = sum(1 for _ in reading.decode(video=0))
    assert frames["bunny"] == 132
    assert frames["bikes"] == 250
    assert 25 * 29 < frames["interview"] < 25 * 31


def test_the_second_call_leaves_the_files_alone_and_the_first_is_repeatable() -> None:
    first = {clip: (clip.read_bytes(), clip.stat().st_mtime_ns) for clip in samples.sample_clips()}
    assert {clip: clip.stat().st_mtime_ns for clip in samples.sample_clips()} == {
        clip: time for clip, (_, time) in first.items()
    }
    for clip in first:
        clip.unlink()
    assert {clip: clip.read_bytes() for clip in samples.sample_clips()} == {
        clip: content for clip, (content, _) in first.items()
    }
    assert {path.suffix for path in samples.samples_folder().iterdir()} == {".mp4"}


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(samples.SOURCES, "bikes.mp4", ("no-such-package", "bikes.mp4", None))
    with pytest.raises(ConfigurationError, match="no-such-package"):
        samples.sample_clips()
