from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from datalake.adapters.lake import FileLake
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.sources import MemorySources
from datalake.adapters.ports import OpenSource, SourceReader
from datalake.bronze_layer import landing
from datalake.bronze_layer.landed import LandedObject
from datalake.contracts import SourceFacts, VideoArrived
from datalake.errors import BadVideo, SourceUnavailable, StoreUnavailable
from datalake.settings import PROJECT_ROOT

CONTENT = b"a video" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FACTS = SourceFacts(uri="u", size_bytes=len(CONTENT), etag='"1"')


class BreaksInTheMiddle(SourceReader):
    """Gives half of the bytes, then fails."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    @contextmanager
    def opened(self, uri: str) -> Iterator[OpenSource]:
        yield OpenSource(FACTS, self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        yield CONTENT[:3500]
        raise self._error


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_message_says_where_and_what(arrived: Callable[..., VideoArrived]) -> None:
    message = arrived("s3://bucket/clip.mp4", sha256=SHA256)
    assert landing.source_uri(message) == "s3://bucket/clip.mp4"
    assert landing.expected_sha256(message) == SHA256


@pytest.mark.parametrize("content", [CONTENT, b""])
def test_the_object_is_named_by_its_content(content: bytes) -> None:
    lake = MemoryLake()
    landed = landing.landed_object("u", MemorySources({"u": content}, stated={"u": FACTS}), lake)
    assert landed == LandedObject(hashlib.sha256(content).hexdigest(), len(content), FACTS)
    assert lake.objects == {landed.key: content}
    assert landing.asset_id(landed) == landed.sha256
    assert landing.size_bytes(landed) == len(content)
    assert landing.raw_key(landed) == landed.key
    assert landing.source_facts(landed) == FACTS


def test_the_same_bytes_from_elsewhere_are_not_written_twice() -> None:
    lake = MemoryLake()
    sources = MemorySources({"u": CONTENT, "v": CONTENT})
    landed = [landing.landed_object(uri, sources, lake) for uri in ("u", "v")]
    assert landed[0].key == landed[1].key
    assert [one.source.uri for one in landed] == ["u", "v"]
    assert lake.writes == 1


@pytest.mark.parametrize(("uri", "error"), [("down", StoreUnavailable), ("nowhere", BadVideo)])
def test_nothing_lands_when_the_source_cannot_be_opened(
    tmp_path: Path, uri: str, error: type[Exception]
) -> None:
    lake = FileLake(tmp_path)
    with pytest.raises(error):
        landing.landed_object(uri, MemorySources({"down": StoreUnavailable("no route")}), lake)
    assert files(tmp_path) == []
    assert list((tmp_path / ".scratch").iterdir()) == []


@pytest.mark.parametrize("error", [SourceUnavailable("changed"), KeyError("a bug"), KeyboardInterrupt()])
def test_nothing_lands_when_the_source_breaks_in_the_middle(tmp_path: Path, error: BaseException) -> None:
    lake = FileLake(tmp_path)
    with pytest.raises(type(error)):
        landing.landed_object("u", BreaksInTheMiddle(error), lake)
    assert files(tmp_path) == []
    assert list((tmp_path / ".scratch").iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from datalake.adapters.lake import FileLake
from datalake.bronze_layer import landing
from tests.datalake.bronze_layer.test_landing import BreaksInTheMiddle

class KillsItself(BreaksInTheMiddle):
    def _chunks(self):
        yield b"half"
        os.kill(os.getpid(), signal.SIGKILL)

landing.landed_object("u", KillsItself(KeyError()), FileLake(Path(sys.argv[1])))
"""


def test_a_killed_process_leaves_no_half_object(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=PROJECT_ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "bronze").exists()
    lake = FileLake(tmp_path)
    landed = landing.landed_object("u", MemorySources({"u": CONTENT}), lake)
    assert lake.read_bytes(landed.key) == CONTENT
