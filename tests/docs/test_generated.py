from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from datalake.settings import PROJECT_ROOT

NOTEBOOKS = sorted(PROJECT_ROOT.glob("datalake/*_layer/01_dag.ipynb"))
PAGES = sorted((PROJECT_ROOT / "docs").glob("*.md"))
BY_HAND = ("README.md", "architecture.md")
_MACHINE = re.compile(r"/(?:tmp|home|root|work|Users)/|\b(?:127\.0\.0\.1|0x[0-9a-f]{8,})\b")


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_generated_files_are_fresh_whatever_the_hash_seed(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "sync-datalake-files.py", "--check"],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name)
def test_a_notebook_is_small_and_shows_nothing_of_a_machine(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text) < 400 * 1024
    outputs = [cell["outputs"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert all(outputs)
    assert _MACHINE.findall(re.sub(r"base64,[\w+/=]+", "", json.dumps(outputs))) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_says_so_and_the_index_leads_to_it(page: Path) -> None:
    is_generated = "*Do not edit: `scripts/sync`" in page.read_text("utf-8")
    assert is_generated is (page.name not in BY_HAND)
    if is_generated:
        index = (PROJECT_ROOT / "docs" / "README.md").read_text("utf-8")
        assert f"({page.name})" in index
        assert _MACHINE.findall(page.read_text("utf-8")) == []
