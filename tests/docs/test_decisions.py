from __future__ import annotations

import re
from pathlib import Path

import pytest

from datalake.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_fits_on_a_page_and_says_when_to_think_again(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert len(text.split()) < 350
    assert "**Decision.**" in text
    assert "**Cost.**" in text
    assert "**We would revisit this if**" in text


def test_the_index_lists_every_decision_by_its_title_without_gaps() -> None:
    index = (FOLDER / "README.md").read_text("utf-8")
    assert re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", index) == [path.name for path in DECISIONS]
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        assert path.read_text("utf-8").splitlines()[0][7:] in index
