from __future__ import annotations

import pytest

from datalake.reference.markdown import anchor, code, codes, page, table


def test_a_page_says_where_its_words_come_from_and_leaves_empty_blocks_out() -> None:
    assert page("Nodes", "`a.py`", "one\n", "", "two") == (
        "# Nodes\n\n*Do not edit: `scripts/sync` writes this page from `a.py`.*\n\none\n\ntwo\n"
    )


def test_cells_with_bars_and_line_ends_stay_cells() -> None:
    assert table(("A", "B"), [("x | y", "1\n2")]) == "| A | B |\n| --- | --- |\n| x \\| y | 1 2 |"


def test_nothing_is_no_code_span() -> None:
    assert code("") == ""
    assert code("a | <b>") == "<code>a &#124; &lt;b&gt;</code>"
    assert codes(("a", "b")) == "`a`, `b`"


@pytest.mark.parametrize(
    ("heading", "fragment"),
    [("Silver layer", "#silver-layer"), ("point_holders", "#point_holders"), ("What, then?", "#what-then")],
)
def test_a_heading_has_the_fragment_that_github_gives_it(heading: str, fragment: str) -> None:
    assert anchor(heading) == fragment
