from __future__ import annotations

import re

from hamilton.driver import Driver

from datalake import pipeline
from datalake.reference.graph import graph_nodes
from datalake.reference.nodes import input_table, node_table, nodes_page


def test_the_tables_name_nodes_units_inputs_and_escape_bars(little_driver: Driver) -> None:
    nodes = graph_nodes(little_driver)
    made, given = node_table(nodes), input_table(nodes)
    height = "| `height_px` | <code>int &#124; None</code> | px | Height of what is in the window. |"
    assert f"{height} `window`, `lake` |" in made
    assert r"All heights \| in order." in made
    assert "| `interval_s` | `float` | s | setting or option | Seconds between wanted frames |" in given
    assert "| `lake` | `Lake` |  | port to the world |" in given


def test_the_page_has_every_node_of_every_dataflow_once_below_its_module() -> None:
    text = nodes_page()
    for name in pipeline.DATAFLOWS:
        for node in graph_nodes(pipeline.build(name)):
            if not node.is_input:
                module = f"### `{node.module.replace('.', '/')}.py`"
                [section] = [part for part in text.split("\n### ") if f"### {part}".startswith(module)]
                assert section.count(f"\n| `{node.name}` |") == 1


def test_each_dataflow_is_linked_from_the_top() -> None:
    text = nodes_page()
    links = re.findall(r"^\* \[([^\]]+)\]", text, re.MULTILINE)
    assert links == re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert len(links) == len(pipeline.DATAFLOWS)


def test_everything_that_a_dataflow_is_given_is_described() -> None:
    given = [
        node for name in pipeline.DATAFLOWS for node in graph_nodes(pipeline.build(name)) if node.is_input
    ]
    assert [node.name for node in given if not node.description] == []
