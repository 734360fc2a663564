"""message -> bronze -> silver -> gold: the whole data flow, as data.

`LAYERS` is read by the Airflow tasks, the notebooks, the docs and the tests; the order of the dict is the
order of the pipeline. After silver, `ASSESSMENT` and `DERIVATIVES` work on what it stored, so that thresholds
and proxies can change without decoding or embedding again. `NOTIFY` follows once a batch is through.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from hamilton import driver
from hamilton.execution.executors import SynchronousLocalTaskExecutor

from datalake.adapters.ports import BatchMails, BatchReport
from datalake.contracts import (
    Assessment,
    BronzeVideo,
    Derivatives,
    GoldVideo,
    SilverVideo,
    VideoArrived,
)
from datalake.grouping import FewTasks
from datalake.hooks import BlocksLetGo, NodesAreDocumented, NodeTiming


@dataclass(frozen=True)
class Dataflow:
    """One Hamilton dataflow: which modules, what goes in, what comes out, and what it runs once for."""

    question: str
    modules: tuple[str, ...]
    takes: type
    gives: type
    once_a: Literal["video", "batch"] = "video"

    @property
    def input(self) -> str:
        """Name of the external input that holds the incoming record."""
        return _snake_case(self.takes.__name__)

    @property
    def output(self) -> str:
        """Name of the node that holds the outgoing record."""
        return _snake_case(self.gives.__name__)


LAYERS: dict[str, Dataflow] = {
    "bronze": Dataflow(
        "What arrived?",
        (
            "datalake.bronze_layer.landing",
            "datalake.bronze_layer.inspection",
            "datalake.bronze_layer.rules",
        ),
        VideoArrived,
        BronzeVideo,
    ),
    "silver": Dataflow(
        "What is in it?",
        (
            "datalake.silver_layer.windows",
            "datalake.silver_layer.earlier",
            "datalake.silver_layer.content",
            "datalake.silver_layer.quality",
            "datalake.silver_layer.duplicates",
            "datalake.silver_layer.images",
            "datalake.silver_layer.embedding",
            "datalake.silver_layer.tables",
            "datalake.silver_layer.storage",
        ),
        BronzeVideo,
        SilverVideo,
    ),
    "gold": Dataflow(
        "Who needs to know?",
        ("datalake.gold_layer.identity", "datalake.gold_layer.points", "datalake.gold_layer.rows"),
        SilverVideo,
        GoldVideo,
    ),
}
ASSESSMENT = Dataflow(
    "What is it worth?",
    (
        "datalake.silver_layer.metadata",
        "datalake.silver_layer.decisions",
        "datalake.silver_layer.scoring",
        "datalake.silver_layer.assessment",
    ),
    SilverVideo,
    Assessment,
)
DERIVATIVES = Dataflow(
    "What else was asked for?",
    ("datalake.silver_layer.proxies", "datalake.silver_layer.derivatives"),
    Assessment,
    Derivatives,
)
NOTIFY = Dataflow("Who is told?", ("datalake.gold_layer.notify",), BatchReport, BatchMails, once_a="batch")
DATAFLOWS = {**LAYERS, "assessment": ASSESSMENT, "derivatives": DERIVATIVES, "notify": NOTIFY}


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


# Hamilton prints four tracebacks and all node inputs (pixels, addresses) for every failing node. The
# exception itself leaves `run_layer`, and NodeTiming names the node.
logging.getLogger("hamilton").setLevel(logging.CRITICAL)


@cache
def build(name: str) -> driver.Driver:
    """The driver of one dataflow, made once; each execution is synchronous in the calling thread.

    What one execution knows is its own, so threads may share it; making one takes longer than many run.
    """
    return driver_of(*(import_module(module) for module in DATAFLOWS[name].modules))


def driver_of(*modules: ModuleType) -> driver.Driver:
    """The driver of these modules' nodes, run as all dataflows are."""
    return (
        driver.Builder()
        .with_modules(*modules)
        .with_adapters(NodesAreDocumented(), NodeTiming(), BlocksLetGo())
        .enable_dynamic_execution(allow_experimental_mode=True)
        .with_grouping_strategy(FewTasks())
        .with_local_executor(SynchronousLocalTaskExecutor())
        .with_remote_executor(SynchronousLocalTaskExecutor())
        .build()
    )


def run_layer(name: str, inputs: Mapping[str, Any]) -> Any:
    """Run one video through one layer, or one batch through `notify`, and return the output record.

    Raises:
        BadVideo: the video is to blame; everything else is the world's or our fault.
    """
    output = DATAFLOWS[name].output
    return build(name).execute([output], inputs=dict(inputs))[output]
