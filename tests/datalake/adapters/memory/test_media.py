from __future__ import annotations

from pathlib import Path

import numpy as np

from datalake.adapters.memory.media import MemoryFrameSource, MemoryMediaProbe
from datalake.adapters.ports import DecodedWindow, Frame, Probe, Sampling
from datalake.contracts import MediaFacts
from datalake.findings import finding

FRAMES = [
    Frame(time_us, time_us, np.zeros((4, 6, 3), np.uint8)) for time_us in (0, 400, 1_500_000, 2_600_000)
]


def test_the_probe_answers_by_content(tmp_path: Path) -> None:
    good, bad = Probe(MediaFacts(container="mp4")), Probe(None, (finding("empty_file", "0 bytes"),))
    probe = MemoryMediaProbe(good, {b"": bad})
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "video").write_bytes(b"x")
    assert probe.probe(tmp_path / "empty") == bad
    assert probe.probe(tmp_path / "video") == good
    assert [path.name for path in probe.probed] == ["empty", "video"]


def test_frames_first_shown_at_the_wanted_times() -> None:
    source = MemoryFrameSource(FRAMES, duration_s=4.0)
    windows = source.windows(Sampling(1.0, 100, window_max_bytes=2 * 4 * 6 * 3))
    assert [window.wanted_us for window in windows] == [(0, 1_000_000), (2_000_000, 3_000_000)]
    assert [[frame.time_us for frame in source.decoded(window).frames] for window in windows] == [
        [0, 400],
        [1_500_000, 2_600_000],
    ]


def test_the_part_behind_the_limit_is_not_wanted() -> None:
    (window,) = MemoryFrameSource(FRAMES, 4.0).windows(Sampling(1.0, 100, 10**9, duration_limit_s=1.5))
    assert window.wanted_us == (0, 1_000_000)


def test_a_window_may_be_told_to_be_damaged() -> None:
    damage = finding("decode_failed", "told so")
    source = MemoryFrameSource(FRAMES, 4.0, damage={0: damage})
    decoded = source.decoded(source.windows(Sampling(1.0, 100, 10**9))[0])
    assert len(decoded.frames) == 4
    assert decoded.findings == (damage,)


def test_a_window_may_be_told_to_be_lost() -> None:
    death = finding("decoder_hung", "told so")
    source = MemoryFrameSource(FRAMES, 4.0, dies_at={1: death})
    first, second = source.windows(Sampling(1.0, 100, window_max_bytes=2 * 4 * 6 * 3))
    assert source.decoded(second) == DecodedWindow((), (death,))
    assert len(source.decoded(first).frames) == 2
    assert source.decoded(first).findings == ()
