from __future__ import annotations

import ast

import pytest

from datalake import pipeline
from datalake.reference.cells import Cell, example_cells, picture_cells, script_cells, table_cells

SCRIPT = '''\
"""Words for linters."""

# %% [markdown] the-words
# ## A heading
#
# and a line

# %% the-code
x = 1

x + 1
'''


def source(cell: Cell) -> str:
    return "".join(cell["source"])


def test_a_script_is_cut_at_its_marks_and_its_docstring_left_out() -> None:
    words, code = script_cells(SCRIPT)
    assert (words["cell_type"], words["id"], source(words)) == (
        "markdown",
        "the-words",
        "## A heading\n\nand a line",
    )
    assert (code["cell_type"], code["id"], source(code)) == ("code", "the-code", "x = 1\n\nx + 1")
    assert (code["outputs"], code["execution_count"]) == ([], None)


CODE = [cell for layer in pipeline.LAYERS for cell in example_cells(layer) if cell["cell_type"] == "code"]


@pytest.mark.parametrize("cell", CODE, ids=lambda cell: cell["id"])
def test_a_cell_of_an_example_is_short_and_ends_with_what_it_shows(cell: Cell) -> None:
    statements = ast.parse(source(cell)).body
    assert isinstance(statements[-1], ast.Expr)
    assert len(cell["source"]) <= 25


@pytest.mark.parametrize("layer", pipeline.LAYERS)
def test_an_example_begins_with_words_and_no_two_cells_share_an_id(layer: str) -> None:
    cells = example_cells(layer)
    assert source(cells[0]).startswith("## ")
    ids = [cell["id"] for cell in (*cells, *picture_cells(layer, layer), *table_cells(layer, []))]
    assert len(ids) == len(set(ids))


def test_a_dataflow_says_what_it_is_given_and_how_often() -> None:
    purpose, picture = map(source, picture_cells("gold", "notify"))
    assert purpose.startswith("# Notify: Who is told?")
    assert "Takes `BatchReport`, gives `BatchMails`; one execution a batch" in purpose
    assert picture.splitlines()[-1] == 'picture(pipeline.build("notify"), "gold")'


def test_how_to_read_a_picture_is_said_once_a_notebook() -> None:
    first, second = source(picture_cells("gold", "gold")[0]), source(picture_cells("gold", "notify")[0])
    assert "edit the modules, not this file" in first
    assert ("the dark box is the result" in first, "the dark box" in second) == (True, False)
