"""The table's clips, made once a machine, and children that read them, started once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.embedder import MemoryEmbedder
from tests.limits import ROOMY


@pytest.fixture(scope="session")
def media() -> Iterator[MediaChildren]:
    with MediaChildren(slots=2, limits=ROOMY) as children:
        yield children


@pytest.fixture(scope="session")
def embedder() -> Iterator[MicroBatcher]:
    with MicroBatcher(MemoryEmbedder(), batch_size=32) as batcher:
        yield batcher
