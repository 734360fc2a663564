from __future__ import annotations

import pytest

from datalake.adapters.memory.sources import MemorySources
from datalake.contracts import SourceFacts
from datalake.errors import StoreUnavailable
from tests.sources import read, refusal, stated


def test_bytes_errors_and_what_is_missing() -> None:
    sources = MemorySources({"a": b"x" * 100, "down": StoreUnavailable("no route")}, chunk_bytes=64)
    with sources.opened("a") as source:
        assert [len(chunk) for chunk in source.chunks] == [64, 36]
    with pytest.raises(StoreUnavailable, match="no route"):
        read(sources, "down")
    assert refusal(sources, "b")[0] == "source_missing"


def test_facts_are_the_size_unless_the_test_states_others() -> None:
    other = SourceFacts(uri="b", etag="1")
    sources = MemorySources({"s3://k:s@a": b"abc", "b": b""}, stated={"b": other})
    assert stated(sources, "s3://k:s@a") == SourceFacts(uri="s3://a", size_bytes=3)
    assert stated(sources, "b") == other
