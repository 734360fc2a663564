from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hamilton.driver import Driver

from datalake import pipeline
from datalake.reference.cells import code_cell, markdown_cell
from datalake.reference.graph import graph_nodes
from datalake.reference.notebook import Notebook, content, notebook, sources_hash
from datalake.reference.picture import picture

Edit = Callable[[dict[str, Any]], None]
EXAMPLE = [markdown_cell("words", "## An example"), code_cell("sum", "1 + 1")]


@pytest.fixture
def little(tmp_path: Path, little_driver: Driver) -> Notebook:
    text = content("gold", {"gold": graph_nodes(little_driver)}, EXAMPLE, "abc")
    return Notebook(tmp_path / "new" / "01_dag.ipynb", text)


@pytest.fixture
def written(little: Notebook) -> Notebook:
    """As if it had been executed."""
    shown = [{"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": 1}]
    notebook = json.loads(little.text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=shown, execution_count=1)
    little.path.parent.mkdir()
    little.path.write_text(json.dumps(notebook), "utf-8")
    return little


def edited(written: Notebook, edit: Edit) -> str | None:
    notebook = json.loads(written.path.read_text("utf-8"))
    edit(notebook)
    written.path.write_text(json.dumps(notebook), "utf-8")
    return written.staleness()


def set_outputs(cell_id: str, *kinds: str) -> Edit:
    def edit(notebook: dict[str, Any]) -> None:
        [cell] = [cell for cell in notebook["cells"] if cell["id"] == cell_id]
        cell["outputs"] = [{"output_type": kind} for kind in kinds]

    return edit


def test_a_notebook_is_missing_until_it_is_written(little: Notebook) -> None:
    assert little.staleness() == "is missing"


def test_an_executed_notebook_is_fresh_whatever_it_shows(written: Notebook) -> None:
    assert written.staleness() is None
    assert edited(written, set_outputs("sum", "stream")) is None


def test_a_cell_without_output_or_with_an_error_is_named(written: Notebook) -> None:
    assert edited(written, set_outputs("sum")) == "has no output in the cell sum"
    assert edited(written, set_outputs("sum", "stream", "error")) == "has an error in the cell sum"


def test_a_renamed_node_is_named(written: Notebook) -> None:
    renamed = Notebook(written.path, written.text.replace("height_px", "depth_px"))
    assert renamed.staleness() == "lacks node depth_px; still shows node height_px"


def test_other_code_behind_the_same_cells_is_noticed(written: Notebook) -> None:
    other = Notebook(written.path, written.text.replace('"abc"', '"def"'))
    assert other.staleness() == "was executed with other code"


def test_a_changed_description_is_shown(written: Notebook) -> None:
    changed = Notebook(written.path, written.text.replace("Height of what", "Depth of what"))
    assert "Height of what" in (changed.staleness() or "")


@pytest.mark.parametrize("rubbish", ["", "not json", "[]", '{"cells": 1}', '{"cells": [{"outputs": [1]}]}'])
def test_a_file_that_is_no_notebook_is_stale(little: Notebook, rubbish: str) -> None:
    little.path.parent.mkdir()
    little.path.write_text(rubbish, "utf-8")
    assert little.staleness() == "is not a notebook that was generated here"


def test_the_hash_follows_names_and_texts_but_not_the_order(tmp_path: Path) -> None:
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in files:
        file.write_text(f"# {file.name}\n", "utf-8")
    before = sources_hash(files)
    assert sources_hash(reversed(files)) == before
    files[1].write_text("# other\n", "utf-8")
    assert sources_hash(files) != before
    renamed = files[0].rename(tmp_path / "c.py")
    assert sources_hash([renamed, files[1]]) != sources_hash(files[1:])


@pytest.mark.parametrize("layer", pipeline.LAYERS)
def test_a_real_notebook_is_valid_and_keeps_the_dot_that_its_cells_draw(layer: str, tmp_path: Path) -> None:
    made = json.loads(notebook(layer, tmp_path / "x.ipynb").text)
    nbformat.validate(made, version=4, version_minor=5)
    assert made["metadata"]["kernelspec"]["name"] == "python3"
    code = {cell["id"]: "".join(cell["source"]) for cell in made["cells"] if cell["cell_type"] == "code"}
    for cell_id, dot in made["metadata"]["datalake"]["dots"].items():
        *statements, shown = code[cell_id].splitlines()
        names: dict[str, Any] = {}
        exec("\n".join(statements), names)
        assert eval(shown, names).dot == dot


def test_every_dataflow_is_in_the_notebook_of_its_folder(tmp_path: Path) -> None:
    drawn = {
        layer: list(json.loads(notebook(layer, tmp_path / "x").text)["metadata"]["datalake"]["dots"])
        for layer in pipeline.LAYERS
    }
    assert {layer: set(cells) for layer, cells in drawn.items()} == {
        "bronze": {"bronze-picture"},
        "silver": {"silver-picture", "assessment-picture", "derivatives-picture"},
        "gold": {"gold-picture", "notify-picture"},
    }


def test_the_metadata_names_the_nodes(little: Notebook, little_driver: Driver) -> None:
    metadata = json.loads(little.text)["metadata"]["datalake"]
    assert metadata["nodes"] == ["window", "height_px", "heights_px"]
    assert re.sub("#[0-9a-f]{6}", "", metadata["dots"]["gold-picture"]) == re.sub(
        "#[0-9a-f]{6}", "", picture(little_driver).dot
    )
