"""Damaged copies of every container, short; `python -m benchmarks.fuzz_files` damages more."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.fuzz_files import damaged, main
from datalake import factory
from datalake.adapters.media.children import MediaChildren
from tests.clips import clip, clips_folder
from tests.limits import ROOMY

CODECS = {
    ".mp4": "libx264",
    ".mov": "libx264",
    ".mkv": "libx265",
    ".ts": "libx264",
    ".avi": "mpeg4",
    ".flv": "flv",
    ".webm": "libvpx-vp9",
}


def test_our_own_code_fails_over_no_damaged_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [clip(clips_folder(), suffix=one, codec=codec, audio="tone") for one, codec in CODECS.items()]
    assert main([*map(str, clips), "--files", "60", "--kept", str(tmp_path)]) == 0
    told = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    outcomes = {line[1].strip(): int(line[0]) for line in told if len(line) == 2 and line[0].isdigit()}
    assert sum(outcomes.values()) == 60
    assert len(outcomes) > 3
    assert not list(tmp_path.iterdir())


def test_a_fault_of_ours_is_told_and_its_copy_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rogue = "tests.datalake.adapters.media.rogue_child"  # knows no `probe`
    monkeypatch.setattr(factory, "build_media_children", lambda *_: MediaChildren(1, ROOMY, entry=rogue))
    assert main([str(clip(clips_folder())), "--files", "2", "--kept", str(tmp_path)]) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.mp4", "1.mp4"]
    assert "2 code_failed" in capsys.readouterr().out


def test_the_seed_decides_the_damage() -> None:
    content = random.Random(0).randbytes(20_000)
    copies = [damaged(content, random.Random(seed)) for seed in (1, 1, 2, 3, 4, 5, 6)]
    assert copies[0] == copies[1]
    assert len(set(copies)) == 6
    assert content not in copies


def test_a_folder_without_files_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert f"no file in {tmp_path}" in capsys.readouterr().err
