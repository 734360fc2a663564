from __future__ import annotations

import pytest

from datalake.adapters.memory.sources import MemorySources
from datalake.errors import BadVideo, StoreUnavailable


def test_bytes_errors_and_what_is_missing() -> None:
    sources = MemorySources({"a": b"x" * 100, "down": StoreUnavailable("no route")}, chunk_bytes=64)
    assert [len(chunk) for chunk in sources.chunks("a")] == [64, 36]
    with pytest.raises(StoreUnavailable, match="no route"):
        list(sources.chunks("down"))
    with pytest.raises(BadVideo, match="source_missing"):
        list(sources.chunks("b"))
