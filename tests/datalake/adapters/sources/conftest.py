from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web_host import CONTENT, web_host


@pytest.fixture
def host() -> Iterator[str]:
    """Address of a web server on 127.0.0.1."""
    with web_host() as address:
        yield address


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """An allowed folder with a clip, beside a secret."""
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "clip one.mp4").write_bytes(CONTENT)
    (tmp_path / "secret").write_text("not yours")
    return folder
