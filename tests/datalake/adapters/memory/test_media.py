from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datalake.adapters.memory.media import MemoryFrameSource, MemoryMediaProbe
from datalake.adapters.ports import Frame, Probe
from datalake.contracts import MediaFacts
from datalake.errors import BadVideo
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
    windows = source.windows(1.0, 100, window_max_bytes=2 * 4 * 6 * 3)
    assert [window.wanted_us for window in windows] == [(0, 1_000_000), (2_000_000, 3_000_000)]
    assert [[frame.time_us for frame in source.frames(window)] for window in windows] == [
        [0, 400],
        [1_500_000, 2_600_000],
    ]


def test_a_window_may_be_told_to_fail() -> None:
    source = MemoryFrameSource(FRAMES, 4.0, {0: BadVideo(finding("decoder_hung", "told so"))})
    with pytest.raises(BadVideo, match="decoder_hung"):
        source.frames(source.windows(1.0, 100, 10**9)[0])
