from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hamilton import driver

from datalake.adapters.lake import FileLake
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.media import MemoryMediaProbe
from datalake.adapters.memory.sources import MemorySources
from datalake.adapters.ports import Lake, MediaProbe, Probe, SourceReader
from datalake.adapters.sources import AllowedSources
from datalake.bronze_layer import inspection, landing
from datalake.contracts import BronzeVideo, MediaFacts, VideoArrived
from datalake.errors import BadVideo
from datalake.findings import finding
from tests.clips import clip

CONTENT = b"a video"
FACTS = MediaFacts(container="mp4", duration_s=2.0)
Message = Callable[..., VideoArrived]


@pytest.fixture(scope="module")
def bronze() -> driver.Driver:
    return driver.Builder().with_modules(landing, inspection).build()


@pytest.fixture(scope="module")
def media() -> Iterator[MediaChildren]:
    with MediaChildren(slots=1, timeout_s=30, memory_bytes=4 * 1024**3) as children:
        yield children


def run(
    bronze: driver.Driver, message: VideoArrived, lake: Lake, sources: SourceReader, probe: MediaProbe
) -> BronzeVideo:
    inputs: dict[str, Any] = {
        "video_arrived": message,
        "lake": lake,
        "sources": sources,
        "media_probe": probe,
    }
    video = bronze.execute(["bronze_video"], inputs=inputs)["bronze_video"]
    assert isinstance(video, BronzeVideo)
    return BronzeVideo.model_validate_json(video.model_dump_json())


def test_the_layer_needs_its_message_and_three_ports(bronze: driver.Driver) -> None:
    needed = {node.name for node in bronze.list_available_variables() if node.is_external_input}
    assert needed == {"video_arrived", "lake", "sources", "media_probe"}


def test_every_node_is_documented(bronze: driver.Driver) -> None:
    nodes = [node for node in bronze.list_available_variables() if not node.is_external_input]
    assert len(nodes) == 11
    assert [node.name for node in nodes if not node.documentation] == []


def test_a_good_video(bronze: driver.Driver, arrived: Message) -> None:
    lake, probe = MemoryLake(), MemoryMediaProbe(Probe(FACTS))
    video = run(bronze, arrived("u"), lake, MemorySources({"u": CONTENT}), probe)
    assert video.asset_id == hashlib.sha256(CONTENT).hexdigest()
    assert video.size_bytes == len(CONTENT)
    assert lake.objects == {video.raw_key: CONTENT}
    assert video.media == FACTS
    assert video.is_usable


def test_findings_are_data(bronze: driver.Driver, arrived: Message) -> None:
    found = finding("truncated", "ends at byte 7")
    probe = MemoryMediaProbe(Probe(FACTS, (found,)))
    video = run(bronze, arrived("u"), MemoryLake(), MemorySources({"u": CONTENT}), probe)
    assert video.findings == (found,)
    assert not video.is_usable


def test_another_hash_than_announced(bronze: driver.Driver, arrived: Message) -> None:
    sources, probe = MemorySources({"u": CONTENT}), MemoryMediaProbe(Probe(FACTS))
    right = hashlib.sha256(CONTENT).hexdigest()
    assert run(bronze, arrived("u", sha256=right), MemoryLake(), sources, probe).is_usable
    wrong = run(bronze, arrived("u", sha256="0" * 64), MemoryLake(), sources, probe)
    (found,) = wrong.findings
    assert found.code == "hash_differs"
    assert found.severity == "error"
    assert right in found.evidence
    assert wrong.media == FACTS


def test_without_bytes_there_is_no_record(bronze: driver.Driver, arrived: Message) -> None:
    probe = MemoryMediaProbe(Probe(FACTS))
    with pytest.raises(BadVideo, match="source_missing"):
        run(bronze, arrived("gone"), MemoryLake(), MemorySources({}), probe)
    assert probe.probed == []


def test_running_twice_changes_nothing(bronze: driver.Driver, arrived: Message) -> None:
    lake, probe = MemoryLake(), MemoryMediaProbe(Probe(FACTS))
    sources = MemorySources({"u": CONTENT})
    first, second = (run(bronze, arrived("u"), lake, sources, probe) for _ in range(2))
    assert first == second
    assert lake.writes == 1


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda content: content, []),
        (lambda content: content[: len(content) // 2], ["truncated"]),
        (lambda content: b"a text that calls itself a video", ["not_a_video"]),
        (lambda content: b"", ["empty_file"]),
    ],
    ids=["whole", "cut", "text", "empty"],
)
def test_on_the_real_thing(
    bronze: driver.Driver,
    media: MediaChildren,
    arrived: Message,
    tmp_path: Path,
    change: Callable[[bytes], bytes],
    codes: list[str],
) -> None:
    content = change(clip(tmp_path, frames=30).read_bytes())
    (tmp_path / "in.mp4").write_bytes(content)
    lake, sources = FileLake(tmp_path / "lake"), AllowedSources(("file",), (tmp_path,), tmp_path)
    video = run(bronze, arrived((tmp_path / "in.mp4").as_uri()), lake, sources, media.probe_port())
    assert [found.code for found in video.findings] == codes
    assert video.is_usable is (not codes)
    assert lake.read_bytes(video.raw_key) == content
    assert list((tmp_path / "lake/.scratch").iterdir()) == []
