from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hamilton.driver import Driver

from datalake import pipeline
from datalake.reference.graph import graph_nodes
from datalake.reference.notebook import Notebook, content, notebook
from datalake.reference.picture import dot


@pytest.fixture
def little(tmp_path: Path, little_driver: Driver) -> Notebook:
    return Notebook(tmp_path / "new" / "01_dag.ipynb", content("gold", {"gold": graph_nodes(little_driver)}))


def test_a_written_notebook_is_fresh_valid_and_shows_the_picture(little: Notebook) -> None:
    assert little.staleness() == "is missing"
    little.write()
    assert little.staleness() is None
    written = json.loads(little.path.read_text("utf-8"))
    assert_is_nbformat_4_5(written)
    picture = next(cell for cell in written["cells"] if cell["cell_type"] == "code")
    assert "".join(picture["outputs"][0]["data"]["image/svg+xml"]).rstrip().endswith("</svg>")


def test_the_tables_name_nodes_units_inputs_and_escape_bars(little: Notebook) -> None:
    text = "".join("".join(cell["source"]) for cell in json.loads(little.text)["cells"])
    assert (
        r"| `height_px` | `int \| None` | px | Height of what is in the window. | `window`, `lake` |" in text
    )
    assert "| `interval_s` | `float` | setting | Seconds between wanted frames |" in text
    assert r"All heights \| in order." in text


def test_a_renamed_node_is_named(little: Notebook) -> None:
    little.write()
    renamed = Notebook(little.path, little.text.replace("height_px", "depth_px"))
    assert renamed.staleness() == "still shows node height_px; lacks node depth_px"


def test_another_drawing_of_the_same_graph_is_fresh_and_none_is_stale(little: Notebook) -> None:
    little.write()
    written = json.loads(little.path.read_text("utf-8"))
    data = next(cell for cell in written["cells"] if cell["cell_type"] == "code")["outputs"][0]["data"]
    data["image/svg+xml"] = ["<svg/>"]
    little.path.write_text(json.dumps(written), "utf-8")
    assert little.staleness() is None
    del data["image/svg+xml"]
    little.path.write_text(json.dumps(written), "utf-8")
    assert little.staleness() == "has no picture"


def test_a_changed_description_is_shown(little: Notebook) -> None:
    little.write()
    changed = Notebook(little.path, little.text.replace("Height of what", "Depth of what"))
    assert "Height of what" in (changed.staleness() or "")


@pytest.mark.parametrize("rubbish", ["", "not json", "[]", '{"cells": 1}', '{"cells": [{"outputs": [1]}]}'])
def test_a_file_that_is_no_notebook_is_stale_and_is_overwritten(little: Notebook, rubbish: str) -> None:
    little.path.parent.mkdir()
    little.path.write_text(rubbish, "utf-8")
    assert little.staleness() == "is not a notebook that was generated here"
    little.write()
    assert little.staleness() is None


def assert_is_nbformat_4_5(written: dict[str, Any]) -> None:
    """What the format's schema asks for, of the kinds of cells that are written here."""
    assert (written["nbformat"], written["nbformat_minor"]) == (4, 5)
    common = {"cell_type", "id", "metadata", "source"}
    keys = {"markdown": common, "code": common | {"execution_count", "outputs"}}
    for cell in written["cells"]:
        assert set(cell) == keys[cell["cell_type"]]
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
    assert len({cell["id"] for cell in written["cells"]}) == len(written["cells"])
    outputs = [output for cell in written["cells"] for output in cell.get("outputs", ())]
    assert all(set(o) == {"output_type", "execution_count", "metadata", "data"} for o in outputs)


def pictures(made: Notebook) -> list[tuple[str, str, str]]:
    """(cell id, its code, the DOT that the notebook keeps for it) of each picture."""
    written = json.loads(made.text)
    dots = written["metadata"]["datalake"]["dots"]
    code = [cell for cell in written["cells"] if cell["cell_type"] == "code"]
    return [(cell["id"], "".join(cell["source"]), dots[cell["id"]]) for cell in code]


@pytest.mark.parametrize("layer", pipeline.LAYERS)
def test_the_code_cells_of_a_real_layer_draw_what_the_notebook_shows(layer: str, tmp_path: Path) -> None:
    for _, code, drawn in pictures(notebook(layer, tmp_path / "x.ipynb")):
        *statements, shown = code.splitlines()
        names: dict[str, object] = {}
        exec("\n".join(statements), names)
        assert eval(shown, names).dot == drawn


def test_every_dataflow_is_in_the_notebook_of_its_folder(tmp_path: Path) -> None:
    made = {layer: pictures(notebook(layer, tmp_path / "x.ipynb")) for layer in pipeline.LAYERS}
    shown = {layer: [cell_id for cell_id, _, _ in drawn] for layer, drawn in made.items()}
    assert shown == {
        "bronze": ["bronze-picture"],
        "silver": ["silver-picture"],
        "gold": ["gold-picture", "notify-picture"],
    }


def test_each_dataflow_says_what_it_is_given_and_how_often(tmp_path: Path) -> None:
    cells = json.loads(notebook("gold", tmp_path / "x.ipynb").text)["cells"]
    words = {cell["id"]: "".join(cell["source"]) for cell in cells}
    assert "one execution a video" in words["gold-purpose"]
    assert words["notify-purpose"].startswith("# Notify: Who is told?")
    assert "Takes a `BatchReport`, gives a `BatchMails`; one execution a batch" in words["notify-purpose"]
    inputs = words["notify-inputs"]
    assert "| `batch_report` | `BatchReport` | record coming in | A finished batch. |" in inputs
    assert "| `mail_template` | `MailTemplate` | port to the world |" in inputs
    assert "| `airflow_url` | `str` | setting |" in inputs


def test_the_picture_in_the_metadata_is_the_graph(little: Notebook, little_driver: Driver) -> None:
    assert json.loads(little.text)["metadata"]["datalake"]["nodes"] == ["height_px", "heights_px", "window"]
    [(_, _, drawn)] = pictures(little)
    assert 'label="{height_px' in drawn
    assert drawn.startswith(dot(graph_nodes(little_driver), "", "")[:10])
