from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from datalake.adapters.lake import FileLake
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.sources import MemorySources
from datalake.bronze_layer import landing
from datalake.bronze_layer.landed import LandedObject
from datalake.contracts import VideoArrived
from datalake.errors import BadVideo, StoreUnavailable

CONTENT = b"a video" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_the_message_says_where_and_what(arrived: Callable[..., VideoArrived]) -> None:
    message = arrived("s3://bucket/clip.mp4", sha256=SHA256)
    assert landing.source_uri(message) == "s3://bucket/clip.mp4"
    assert landing.expected_sha256(message) == SHA256


@pytest.mark.parametrize("content", [CONTENT, b""])
def test_the_object_is_named_by_its_content(content: bytes) -> None:
    lake = MemoryLake()
    landed = landing.landed_object("u", MemorySources({"u": content}), lake)
    assert landed == LandedObject(hashlib.sha256(content).hexdigest(), len(content))
    assert lake.objects == {landed.key: content}
    assert landing.asset_id(landed) == landed.sha256
    assert landing.size_bytes(landed) == len(content)
    assert landing.raw_key(landed) == landed.key


def test_the_same_bytes_from_elsewhere_are_not_written_twice() -> None:
    lake = MemoryLake()
    sources = MemorySources({"u": CONTENT, "v": CONTENT})
    assert landing.landed_object("u", sources, lake) == landing.landed_object("v", sources, lake)
    assert lake.writes == 1


@pytest.mark.parametrize(("uri", "error"), [("down", StoreUnavailable), ("nowhere", BadVideo)])
def test_nothing_lands_when_the_source_fails(tmp_path: Path, uri: str, error: type[Exception]) -> None:
    lake = FileLake(tmp_path)
    with pytest.raises(error):
        landing.landed_object(uri, MemorySources({"down": StoreUnavailable("no route")}), lake)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert list((tmp_path / ".scratch").iterdir()) == []
