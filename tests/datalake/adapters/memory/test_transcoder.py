from __future__ import annotations

from pathlib import Path

import pytest

from datalake.adapters.memory.transcoder import MemoryTranscoder
from datalake.errors import BadVideo
from datalake.findings import finding


def test_it_makes_what_it_is_asked_for_and_fails_where_it_is_told_to(tmp_path: Path) -> None:
    transcoder = MemoryTranscoder(3.0, fails_at={720: BadVideo(finding("decoder_died", "SIGSEGV"))})
    path = transcoder.proxy(480, tmp_path, {"asset_id": "a"})
    assert path.read_text() == '{"height_px": 480, "asset_id": "a"}'
    with pytest.raises(BadVideo, match="SIGSEGV"):
        transcoder.proxy(720, tmp_path, {})
    assert transcoder.made == [480]
    assert list(tmp_path.iterdir()) == [path]
    assert transcoder.duration_s == 3.0
