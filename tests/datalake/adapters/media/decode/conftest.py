from __future__ import annotations

from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest


@pytest.fixture
def pixels(tmp_path: Path) -> Iterator[FileIO]:
    """Stands in for the memory that the parent reads."""
    with FileIO(tmp_path / "pixels", "w+") as file:
        yield file
