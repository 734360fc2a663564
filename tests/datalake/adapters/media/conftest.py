from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalake.adapters.media.children import MediaChildren
from tests.clips import clip


@pytest.fixture
def make_clip(pytestconfig: pytest.Config) -> Callable[..., Path]:
    """Makes a clip of a recipe, once a machine."""
    folder = pytestconfig.cache.mkdir("clips")
    return lambda **recipe: clip(folder, **recipe)


@pytest.fixture(scope="session")
def media() -> Iterator[MediaChildren]:
    with MediaChildren(slots=2, timeout_s=30, memory_bytes=4 * 1024**3) as children:
        yield children
