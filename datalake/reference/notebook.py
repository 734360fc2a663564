"""01_dag.ipynb: a layer's purpose, the pictures of its dataflows, an executed example, and the nodes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from datalake import pipeline
from datalake.reference.cells import (
    EXAMPLES,
    Cell,
    example_cells,
    picture_cells,
    picture_id,
    table_cells,
)
from datalake.reference.document import Document, first_difference, read
from datalake.reference.graph import GraphNode, graph_nodes
from datalake.reference.picture import COLOURS, dot

PACKAGE = Path(pipeline.__file__).parent


@dataclass(frozen=True)
class Notebook(Document):
    """A notebook whose code cells are executed only when it is written.

    `text` holds all but the outputs. With the DOT and a hash of the code in the metadata that is enough to
    tell whether the notebook is fresh.
    """

    def staleness(self) -> str | None:
        """How the notebook differs from the code; a changed node is named. Executes nothing."""
        current = read(self.path)
        if current is None:
            return "is missing"
        try:
            found = json.loads(current)
            incomplete = next(_incomplete_cells(found), None)
            found = _without_outputs(found)
        except (ValueError, KeyError, TypeError, AttributeError):
            return "is not a notebook that was generated here"
        return _difference(found, json.loads(self.text)) or incomplete

    def write(self) -> None:
        """Execute the cells and write the notebook with what they show.

        Raises:
            ConfigurationError: a cell fails, shows nothing, or shows something of this machine.
        """
        from datalake.reference.execution import executed

        done = executed(json.loads(self.text))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(_pretty(done), encoding="utf-8")


def notebook(layer: str, path: Path) -> Notebook:
    """The notebook of one layer: its dataflow, any other whose modules lie in the folder, and the example."""
    folder = f"datalake.{layer}_layer."
    names = [name for name, flow in pipeline.DATAFLOWS.items() if flow.modules[0].startswith(folder)]
    flows = {name: graph_nodes(pipeline.build(name)) for name in names}
    sources = chain((PACKAGE / f"{layer}_layer").glob("*.py"), EXAMPLES.glob("*.py"))
    return Notebook(path, content(layer, flows, example_cells(layer), sources_hash(sources)))


def content(
    layer: str, flows: Mapping[str, Sequence[GraphNode]], example: Sequence[Cell], sources: str
) -> str:
    """The notebook's JSON, without outputs.

    Args:
        layer: whose colours the pictures have.
        flows: nodes by the name of the dataflow.
        example: cells between the pictures and the tables.
        sources: hash of the code that the cells run.
    """
    pictures = [cell for name in flows for cell in picture_cells(layer, name)]
    tables = [cell for name, nodes in flows.items() for cell in table_cells(name, nodes)]
    metadata = {
        "datalake": {
            "dots": {picture_id(name): dot(nodes, *COLOURS[layer]) for name, nodes in flows.items()},
            "nodes": [node.name for nodes in flows.values() for node in nodes if not node.is_input],
            "sources": sources,
        },
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return _pretty(
        {"cells": [*pictures, *example, *tables], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    )


def sources_hash(files: Iterable[Path]) -> str:
    """SHA-256 over the names and texts of files, hex; the same whatever order they come in."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        digest.update(f"{file.name}\0{file.read_text(encoding='utf-8')}\0".encode())
    return digest.hexdigest()


def _pretty(notebook: Any) -> str:
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _incomplete_cells(notebook: Any) -> Iterator[str]:
    """What is wrong with the code cells that have not run to their end."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            kinds = [output["output_type"] for output in cell["outputs"]]
            if not kinds:
                yield f"has no output in the cell {cell['id']}"
            elif "error" in kinds:
                yield f"has an error in the cell {cell['id']}"


def _without_outputs(notebook: Any) -> Any:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return notebook


def _difference(found: Any, wanted: Any) -> str | None:
    """Nodes that came or went, else the first line that differs, else that the code behind the cells does."""
    if found == wanted:
        return None
    old = found["metadata"].get("datalake", {})
    new = wanted["metadata"]["datalake"]
    executed_with, is_now = old.pop("sources", None), new.pop("sources")
    if found == wanted and executed_with != is_now:
        return "was executed with other code"
    return _node_changes(old, new) or first_difference(_pretty(found), _pretty(wanted))


def _node_changes(old: Any, new: Any) -> str | None:
    """Nodes that came or went since the notebook was written."""
    shown, there = set(old.get("nodes", ())), set(new["nodes"])
    lost = [f"still shows node {name}" for name in sorted(shown - there)]
    missing = [f"lacks node {name}" for name in sorted(there - shown)]
    return "; ".join(missing + lost) or None
