"""Bronze as a whole: the graph, and what comes out of it in each validation mode."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hamilton import driver

from datalake.adapters.lake import FileLake
from datalake.adapters.media.children import MediaChildren
from datalake.adapters.memory.attempts import MemoryKnownContent
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.media import MemoryMediaProbe
from datalake.adapters.memory.sources import MemorySources
from datalake.adapters.ports import KnownBytes, Probe
from datalake.adapters.sources import AllowedSources
from datalake.bronze_layer import inspection, landing, rules
from datalake.contracts import BronzeVideo, MediaFacts, SourceFacts, ValidationMode, VideoArrived, VideoStream
from datalake.errors import BadVideo
from datalake.findings import finding
from datalake.settings import BronzeSettings
from tests.clips import clip
from tests.limits import ROOMY

CONTENT = b"a video"
RULES = "0123456789abcdef"
STREAM = VideoStream(index=0, codec="h264", width_px=160, height_px=96, time_base=(1, 90_000))
FACTS = MediaFacts(container="mov,mp4,m4a,3gp,3g2,mj2", duration_s=2.0, video=STREAM)
STATED = SourceFacts(uri="clip.mp4", size_bytes=len(CONTENT), etag='"1"')
SETTINGS = BronzeSettings.model_construct().model_dump()
MODES = get_args(ValidationMode)
Message = Callable[..., VideoArrived]


@pytest.fixture(scope="module")
def bronze() -> driver.Driver:
    return driver.Builder().with_modules(landing, inspection, rules).build()


@pytest.fixture(scope="module")
def media() -> Iterator[MediaChildren]:
    with MediaChildren(slots=1, limits=ROOMY) as children:
        yield children


def run(bronze: driver.Driver, message: VideoArrived, **inputs: Any) -> BronzeVideo:
    """The record; ports and settings that are not given are memory and defaults."""
    defaults = {
        "lake": MemoryLake(),
        "sources": MemorySources({"clip.mp4": CONTENT}, stated={"clip.mp4": STATED}),
        "media_probe": MemoryMediaProbe(Probe(FACTS)),
        "known_content": MemoryKnownContent(),
        "rules_hash": RULES,
    }
    everything = {**SETTINGS, **defaults, **inputs, "video_arrived": message}
    video = bronze.execute(["bronze_video"], inputs=everything)["bronze_video"]
    assert isinstance(video, BronzeVideo)
    return BronzeVideo.model_validate_json(video.model_dump_json())


def test_the_layer_needs_its_message_four_ports_and_its_settings(bronze: driver.Driver) -> None:
    needed = {node.name for node in bronze.list_available_variables() if node.is_external_input}
    ports = {"lake", "sources", "media_probe", "known_content"}
    assert needed == {"video_arrived", "rules_hash", *ports, *BronzeSettings.model_fields}


@pytest.mark.parametrize(
    ("setting", "node"),
    [
        ("max_duration_s", "duration_findings"),
        ("min_side_px", "picture_size_findings"),
        ("allowed_codecs", "codec_findings"),
        ("validation_mode", "blocking"),
    ],
)
def test_the_graph_shows_what_a_setting_decides(bronze: driver.Driver, setting: str, node: str) -> None:
    variables = {node.name: node for node in bronze.list_available_variables()}
    users = [name for name in variables if setting in (variables[name].required_dependencies or ())]
    assert users == [node]


def test_every_node_is_documented(bronze: driver.Driver) -> None:
    nodes = [node for node in bronze.list_available_variables() if not node.is_external_input]
    assert len(nodes) == 22
    assert [node.name for node in nodes if not node.documentation] == []


def test_a_good_video(bronze: driver.Driver, arrived: Message) -> None:
    lake = MemoryLake()
    video = run(bronze, arrived("clip.mp4"), lake=lake)
    assert video.asset_id == hashlib.sha256(CONTENT).hexdigest()
    assert video.size_bytes == len(CONTENT)
    assert lake.objects == {video.raw_key: CONTENT}
    assert (video.source, video.media) == (STATED, FACTS)
    assert (video.findings, video.blocking) == ((), ())
    assert video.is_usable


@pytest.mark.parametrize("mode", MODES)
def test_each_kind_of_finding_reaches_the_record(bronze: driver.Driver, arrived: Message, mode: str) -> None:
    video = run(
        bronze,
        arrived("clip.mp4", sha256="00" * 32),
        media_probe=MemoryMediaProbe(
            Probe(FACTS.model_copy(update={"container": "avi"}), (finding("truncated", "ends at byte 7"),))
        ),
        validation_mode=mode,
        max_duration_s=1.0,
        min_side_px=100,
        allowed_codecs=("vp9",),
    )
    codes = ["hash_differs", "truncated", "extension_lies", "too_long", "too_small", "codec_not_allowed"]
    assert [found.code for found in video.findings] == codes
    blocking = {
        "strict": ("hash_differs", "truncated", "too_long", "too_small", "codec_not_allowed"),
        "lenient": ("hash_differs", "codec_not_allowed"),
        "report-only": (),
    }
    assert video.blocking == blocking[mode]


@pytest.mark.parametrize("mode", MODES)
def test_without_bytes_there_is_no_record_in_any_mode(
    bronze: driver.Driver, arrived: Message, mode: str
) -> None:
    probe = MemoryMediaProbe(Probe(FACTS))
    with pytest.raises(BadVideo, match="source_missing"):
        run(bronze, arrived("gone"), media_probe=probe, validation_mode=mode)
    assert probe.probed == []


def test_running_twice_changes_nothing(bronze: driver.Driver, arrived: Message) -> None:
    lake = MemoryLake()
    first, second = (run(bronze, arrived("clip.mp4"), lake=lake) for _ in range(2))
    assert first == second
    assert lake.writes == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("change", "name", "codes", "passes_in"),
    [
        (lambda content: content, "in.mp4", [], MODES),
        (lambda content: content, "in.avi", ["extension_lies"], MODES),
        (lambda content: content[: len(content) // 2], "in.mp4", ["truncated"], ("lenient", "report-only")),
        (lambda content: b"a text that calls itself a video", "in.mp4", ["not_a_video"], ("report-only",)),
        (lambda content: b"", "in.mp4", ["empty_file"], ("report-only",)),
    ],
    ids=["whole", "misnamed", "cut", "text", "empty"],
)
def test_on_the_real_thing(
    bronze: driver.Driver,
    media: MediaChildren,
    arrived: Message,
    tmp_path: Path,
    mode: str,
    change: Callable[[bytes], bytes],
    name: str,
    codes: list[str],
    passes_in: tuple[str, ...],
) -> None:
    path = tmp_path / name
    whole = clip(tmp_path / "clips", frames=30, movflags="faststart")
    path.write_bytes(change(whole.read_bytes()))
    lake, sources = FileLake(tmp_path / "lake"), AllowedSources(("file",), (tmp_path,), tmp_path)
    ports = {"lake": lake, "sources": sources, "media_probe": media.probe_port()}
    video = run(bronze, arrived(path.as_uri()), **ports, validation_mode=mode)
    assert [found.code for found in video.findings if found.severity != "info"] == codes
    assert video.is_usable is (mode in passes_in)
    assert lake.read_bytes(video.raw_key) == path.read_bytes()
    assert video.source is not None
    assert (video.source.uri, video.source.size_bytes) == (path.as_uri(), path.stat().st_size)
    assert list((tmp_path / "lake/.scratch").iterdir()) == []


@pytest.mark.parametrize("mode", ["strict", "lenient"])
@pytest.mark.parametrize(("rules_hash", "is_opened"), [(RULES, False), ("another", True)])
def test_known_bytes_are_not_opened_again_under_the_same_rules(
    bronze: driver.Driver, arrived: Message, rules_hash: str, is_opened: bool, mode: ValidationMode
) -> None:
    known, probe = MemoryKnownContent(), MemoryMediaProbe(Probe(FACTS))
    bad = finding("decoder_hung", "no answer")
    known.known[hashlib.sha256(CONTENT).hexdigest(), RULES] = KnownBytes(Probe(FACTS, (bad,)), bad.code)
    ports = {"known_content": known, "media_probe": probe}
    video = run(bronze, arrived("clip.mp4"), **ports, rules_hash=rules_hash, validation_mode=mode)
    assert bool(probe.probed) is is_opened
    assert video.blocking == (() if is_opened else ("decoder_hung",))
    assert video.media == FACTS
    assert video.rules_hash == rules_hash
