from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hamilton.driver import Driver
from hamilton.htypes import Parallelizable

from datalake.adapters.ports import Image, Window
from datalake.reference.graph import GraphNode, graph_nodes, type_name


def test_every_kind_of_node_is_told_apart(little_driver: Driver) -> None:
    roles = {node.name: node.role for node in graph_nodes(little_driver)}
    assert roles == {
        "bronze_video": "record",
        "interval_s": "setting",
        "lake": "port",
        "window": "each",
        "height_px": "node",
        "heights_px": "all",
    }


def test_a_node_says_what_it_is_in_which_unit_and_of_what_it_is_made(little_driver: Driver) -> None:
    height = next(node for node in graph_nodes(little_driver) if node.name == "height_px")
    assert height.description == "Height of what is in the window."
    assert height.type == "int | None"
    assert height.unit == "px"
    assert height.needs == ("window", "lake")


@pytest.mark.parametrize(
    ("name", "description", "unit"),
    [
        ("silence_dbfs", "How loud silence is.", "dBFS"),
        ("blank_share", "Share of blank frames.", "0 to 1"),
        ("brightnesses", "Mean of each luma, 0 to 255.", "0 to 255"),
        ("contrasts", "Deviation, 0 to 127.5 (RMS).", "0 to 127.5"),
        ("embeddings", "Vectors with labels (scores 0 to 1).", ""),
        ("frame_count", "Frames looked at.", ""),
    ],
)
def test_a_unit_is_in_the_name_or_a_range_in_the_words(name: str, description: str, unit: str) -> None:
    assert GraphNode(name, "node", "float", description, "", ()).unit == unit


def test_a_description_is_the_first_paragraph(little_driver: Driver) -> None:
    window = next(node for node in graph_nodes(little_driver) if node.name == "window")
    assert window.description == "One span of the video."


def test_inputs_are_described_by_their_type_or_their_setting(little_driver: Driver) -> None:
    words = {node.name: node.description for node in graph_nodes(little_driver) if node.is_input}
    assert words["lake"].startswith("Objects by key")
    assert words["interval_s"] == "Seconds between wanted frames"
    assert words["bronze_video"].startswith("What arrived")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (int, "int"),
        (str | None, "str | None"),
        (tuple[Window, ...], "tuple[Window, ...]"),
        (dict[str, list[int]], "dict[str, list[int]]"),
        (Parallelizable[Window], "Parallelizable[Window]"),
        (Image, "array[uint8]"),
        (npt.NDArray[np.float32], "array[float32]"),
        (dict[str, Any], "dict[str, Any]"),
    ],
)
def test_a_type_is_named_as_one_writes_it(kind: Any, name: str) -> None:
    assert type_name(kind) == name
