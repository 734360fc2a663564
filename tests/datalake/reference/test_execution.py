from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from datalake.errors import ConfigurationError
from datalake.reference.cells import code_cell, markdown_cell
from datalake.reference.execution import executed
from datalake.settings import PROJECT_ROOT


def little(*sources: str) -> dict[str, Any]:
    cells = [code_cell(f"cell-{number}", source) for number, source in enumerate(sources)]
    return {
        "cells": [markdown_cell("words", "# Words"), *cells],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def texts(notebook: dict[str, Any]) -> list[str]:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return ["".join(cell["outputs"][0]["data"]["text/plain"]) for cell in code]


def test_cells_run_in_order_in_one_kernel_and_only_outputs_are_added() -> None:
    asked = little("x = 20\nx", "x + 1")
    done = executed(asked)
    nbformat.validate(done, version=4, version_minor=5)
    assert texts(done) == ["20", "21"]
    assert done["metadata"] == asked["metadata"]
    assert [cell["metadata"] for cell in done["cells"]] == [{}, {}, {}]
    assert [cell["source"] for cell in done["cells"]] == [cell["source"] for cell in asked["cells"]]


def test_settings_of_this_machine_do_not_reach_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERVAL_S", "3.5")
    monkeypatch.setenv("DATALAKE_HOME", "elsewhere")
    done = executed(little("import os\nos.environ.get('INTERVAL_S')or 0, os.environ['DATALAKE_HOME']"))
    assert texts(done) == ["(0, 'elsewhere')"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "the cell cell-0 shows nothing"),
        ("import sys\nprint('trouble', file=sys.stderr)", "the cell cell-0 writes to stderr: trouble"),
        (f"'{PROJECT_ROOT}/README.md'", f"the cell cell-0 shows '{PROJECT_ROOT}/', which is of this machine"),
        ("import tempfile\ntempfile.mkdtemp()", "which is of this machine"),
    ],
)
def test_what_another_machine_would_not_show_is_refused(source: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        executed(little(source))


def test_a_picture_may_hold_any_letters() -> None:
    letters = f"{Path.home()}/"
    html = f'<img src="data:image/jpeg;base64,{letters}">'
    source = f"class Shown:\n    def _repr_html_(self): return {html!r}\n\nShown()"
    assert executed(little(source))["cells"][1]["outputs"]
