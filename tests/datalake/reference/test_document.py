from __future__ import annotations

from pathlib import Path

import pytest

from datalake.reference.document import Document, first_difference


def test_a_document_is_stale_until_it_is_written(tmp_path: Path) -> None:
    document = Document(tmp_path / "docs" / "a.md", "ä\n")
    assert document.staleness() == "is missing"
    document.write()
    assert document.staleness() is None
    document.path.write_text("b\n", "utf-8")
    assert document.staleness() == "still says 'b'"


@pytest.mark.parametrize(
    ("current", "wanted", "words"),
    [("a\nb", "a", "still says 'b'"), ("a", "a\nb", "lacks 'b'"), ("a", "a\n", "differs in its line ends")],
)
def test_the_first_difference_is_quoted(current: str, wanted: str, words: str) -> None:
    assert first_difference(current, wanted) == words
