"""No node both decodes and writes: its effect is its tag, in the graph and when it runs."""

from __future__ import annotations

import inspect
import traceback
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from datalake.adapters.memory.attempts import MemoryKnownContent
from datalake.adapters.memory.catalog import MemoryCatalog, MemoryFrameTable
from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.memory.lake import MemoryLake
from datalake.adapters.memory.media import MemoryFrameSource, MemoryMediaProbe
from datalake.adapters.memory.sources import MemorySources
from datalake.adapters.memory.transcoder import MemoryTranscoder
from datalake.adapters.memory.vector_index import MemoryVectorIndex
from datalake.adapters.ports import (
    Catalog,
    Embedder,
    FrameSource,
    Lake,
    MediaProbe,
    Probe,
    Transcoder,
    VectorIndex,
)
from datalake.contracts import Assessment, Options, QualityReport, VideoArrived, VideoMetadata
from datalake.pipeline import DATAFLOWS, build, run_layer
from datalake.settings import BronzeSettings, LakeSettings, SilverSettings
from datalake.silver_layer.identity import effective_options
from tests.datalake.gold_layer.conftest import Messages, World
from tests.datalake.silver_layer import records
from tests.datalake.silver_layer.conftest import scene, video

EFFECTS: dict[type, str] = {
    **dict.fromkeys((MediaProbe, Transcoder, FrameSource), "decodes"),
    **dict.fromkeys((Lake, Catalog, VectorIndex), "writes"),
    Embedder: "embeds",
}
# whatever else these ports can do has their effect
READS = {"open", "exists", "read_bytes", "local_path", "scratch", "uri", "live_works", "search", "count"}
READS |= {"windows"}  # of the file's index, in the child: no picture is decoded for it
# nodes that are given what can decode, and only ask it something
ASK_ONLY = {
    "source_findings": "why there is no window",
    "windows": "what the index says",
    "proxy_failure": "how long a proxy has to be",
}
Seen = dict[str, set[str]]
Watch = Callable[[Any], Any]
dataflows = pytest.mark.parametrize("name", DATAFLOWS)


def tagged(name: str) -> dict[str, str]:
    """The effect of every node that has one, as its tag says."""
    variables = build(name).list_available_variables()
    return {node.name: str(node.tags["effect"]) for node in variables if "effect" in node.tags}


@dataflows
def test_a_node_that_is_given_what_can_decode_decodes_or_only_asks(name: str) -> None:
    nodes = build(name).list_available_variables()
    openers = {node.name for node in nodes if node.is_external_input and EFFECTS.get(node.type) == "decodes"}
    given = {
        node.name for node in nodes if openers & {*node.required_dependencies, *node.optional_dependencies}
    }
    decode = {node for node, effect in tagged(name).items() if effect == "decodes"}
    assert decode == given - set(ASK_ONLY)


def running_node(name: str) -> str:
    """The node that this thread is in: the innermost function on its stack that is one of the dataflow."""
    nodes = {node.name for node in build(name).list_available_variables()}
    for frame, _ in traceback.walk_stack(inspect.currentframe()):
        if frame.f_globals["__name__"] in DATAFLOWS[name].modules and frame.f_code.co_name in nodes:
            return frame.f_code.co_name
    return "none"


@pytest.fixture
def seen() -> Seen:
    """Effects that were seen, by node."""
    return defaultdict(set)


@pytest.fixture
def watch(name: str, seen: Seen) -> Watch:
    """`watch(port)`: the port, which notes the effects that nodes of the dataflow have through it."""

    def noting(effect: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            seen[running_node(name)].add(effect)
            return method(*args, **named)

        return call

    def watch(port: Any) -> Any:
        for kind, effect in EFFECTS.items():
            for method in kind.__abstractmethods__ if isinstance(port, kind) else ():
                if method not in READS and callable(getattr(kind, method)):
                    setattr(port, method, noting(effect, getattr(port, method)))
        return port

    return watch


def bronze(watch: Watch, folder: Path) -> None:
    arrived = VideoArrived(event_id=uuid4(), video_id="clip", uri="memory:clip.mp4")
    ports = {
        "lake": watch(MemoryLake()),
        "sources": watch(MemorySources({"memory:clip.mp4": b"a video"})),
        "media_probe": watch(MemoryMediaProbe(Probe(records.media()))),
        "known_content": MemoryKnownContent(),
    }
    asked = {"video_arrived": arrived, "rules_hash": ""}
    run_layer("bronze", {**BronzeSettings().model_dump(), **asked, **ports})


def silver(watch: Watch, folder: Path) -> None:
    options = effective_options(Options(), SilverSettings(), LakeSettings(), BronzeSettings())
    ports = {
        "lake": watch(MemoryLake()),
        "frame_source": watch(MemoryFrameSource(video([scene(1), scene(2)]), duration_s=2.0)),
        "embedder": watch(MemoryEmbedder()),
    }
    asked = {"bronze_video": records.bronze_video(), "work": records.WORK}
    run_layer("silver", {**asked, **options.as_inputs(), **ports})


def derivatives(watch: Watch, folder: Path) -> None:
    assessment = Assessment(
        asset_id=records.ASSET_ID,
        metadata=VideoMetadata(height_px=1080),
        quality=QualityReport.model_construct(),
        best_frame_us=None,
    )
    facts = records.media(video=records.stream(height_px=480))
    inputs = {
        "silver_video": records.silver_video(),
        "assessment": assessment,
        "derivative_names": ("poster", "proxy_480p"),
        "frame_table": MemoryFrameTable(),
        "lake": watch(MemoryLake()),
        "scratch_folder": folder,
        "transcoder": watch(MemoryTranscoder(duration_s=10.0)),
        "media_probe": watch(MemoryMediaProbe(Probe(facts))),
    }
    assert run_layer("derivatives", inputs).items


def gold(watch: Watch, folder: Path) -> None:
    """A video, then other content under its name, so that the first content's points are retracted."""
    catalog = MemoryCatalog()
    world = World(
        Messages(catalog), watch(catalog), watch(MemoryVectorIndex()), MemoryFrameTable(), watch(MemoryLake())
    )
    for version, content in enumerate(("first", "second"), start=1):
        world.gold(world.messages.send(version=version), content)


@pytest.mark.parametrize(
    ("name", "run"), [("bronze", bronze), ("silver", silver), ("derivatives", derivatives), ("gold", gold)]
)
def test_what_a_node_does_when_it_runs_is_one_effect_and_its_tag(
    name: str, run: Callable[[Watch, Path], None], watch: Watch, seen: Seen, tmp_path: Path
) -> None:
    run(watch, tmp_path)
    assert seen == {node: {effect} for node, effect in tagged(name).items()}


@pytest.mark.parametrize("name", ["assessment", "notify"])
def test_no_other_dataflow_is_given_a_port_that_has_an_effect(name: str) -> None:
    inputs = [node for node in build(name).list_available_variables() if node.is_external_input]
    assert [node.name for node in inputs if node.type in EFFECTS] == []
    assert tagged(name) == {}
