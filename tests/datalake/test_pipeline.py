"""The graph is the test: each dataflow is closed, documented and fits its neighbours."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from datalake import gold_layer
from datalake.adapters.ports import (
    BatchReport,
    Catalog,
    Embedder,
    FrameSource,
    FrameTable,
    KnownContent,
    Lake,
    MailTemplate,
    MediaProbe,
    SourceReader,
    Transcoder,
    VectorIndex,
)
from datalake.contracts import (
    Assessment,
    BronzeVideo,
    ClaimedVideo,
    Derivatives,
    SilverVideo,
    VideoArrived,
    WorkIdentity,
)
from datalake.pipeline import DATAFLOWS, LAYERS, NOTIFY, build, run_layer
from datalake.settings import BronzeSettings, LakeSettings, QualitySettings, SilverSettings
from datalake.silver_layer.identity import effective_options

SETTINGS = set(
    effective_options(
        VideoArrived.model_fields["options"].get_default(call_default_factory=True),
        SilverSettings(),
        LakeSettings(),
        BronzeSettings(),
    ).as_inputs()
)
INPUTS = {
    "bronze": {
        "video_arrived": VideoArrived,
        "lake": Lake,
        "sources": SourceReader,
        "media_probe": MediaProbe,
        "known_content": KnownContent,
        "rules_hash": str,
        **dict.fromkeys(BronzeSettings.model_fields),
    },
    "silver": {
        "bronze_video": BronzeVideo,
        "work": WorkIdentity,
        "lake": Lake,
        "frame_source": FrameSource,
        "embedder": Embedder,
        **dict.fromkeys(SETTINGS),
    },
    "assessment": {
        "bronze_video": BronzeVideo,
        "silver_video": SilverVideo,
        "frame_table": FrameTable,
        **dict.fromkeys(QualitySettings.model_fields),
    },
    "derivatives": {
        "silver_video": SilverVideo,
        "assessment": Assessment,
        "derivative_names": None,
        "frame_table": FrameTable,
        "lake": Lake,
        "transcoder": Transcoder,
        "scratch_folder": Path,
        "media_probe": MediaProbe,
    },
    "gold": {
        "claimed_video": ClaimedVideo,
        "bronze_video": BronzeVideo,
        "silver_video": SilverVideo,
        "assessment": Assessment,
        "derivatives": Derivatives,
        "catalog": Catalog,
        "frame_table": FrameTable,
        "lake": Lake,
        "vector_index": VectorIndex,
    },
    "notify": {
        "batch_report": BatchReport,
        "mail_template": MailTemplate,
        "email_receiver": str,
        "airflow_url": str,
    },
}
dataflows = pytest.mark.parametrize("name", DATAFLOWS)


def variables(name):
    return {variable.name: variable for variable in build(name).list_available_variables()}


@dataflows
def test_a_dataflow_needs_its_record_its_ports_and_narrow_settings_only(name):
    external = {name for name, node in variables(name).items() if node.is_external_input}
    assert external == set(INPUTS[name])
    for input_name, kind in INPUTS[name].items():
        if kind is not None:
            assert variables(name)[input_name].type is kind


@dataflows
def test_a_dataflow_gives_the_record_that_it_promises(name):
    assert variables(name)[DATAFLOWS[name].output].type is DATAFLOWS[name].gives


def test_each_layer_takes_what_the_one_before_gives():
    chain = list(LAYERS.values())
    for before, after in itertools.pairwise(chain):
        assert after.takes is before.gives
        assert after.input in INPUTS[list(LAYERS)[chain.index(after)]]


@dataflows
def test_no_node_is_dead(name):
    driver = build(name)
    needed = {node.name for node in driver.what_is_upstream_of(DATAFLOWS[name].output)}
    assert set(variables(name)) - needed == set()


def test_notify_takes_the_batch():
    assert NOTIFY.input in INPUTS["notify"]


def test_no_node_of_gold_is_left_to_be_called_by_hand():
    folder = Path(gold_layer.__file__).parent
    drawn = {module for dataflow in DATAFLOWS.values() for module in dataflow.modules}
    undrawn = {path.stem for path in folder.glob("*.py")} - {module.rsplit(".", 1)[-1] for module in drawn}
    # checks that several nodes make; sending, which is an effect between transactions
    assert undrawn == {"__init__", "belonging", "outbox"}


def test_silver_shows_at_least_twelve_nodes():
    nodes = [node for node in variables("silver").values() if not node.is_external_input]
    assert len(nodes) >= 12


def test_an_unknown_layer_is_refused():
    with pytest.raises(KeyError, match="platinum"):
        run_layer("platinum", {})
