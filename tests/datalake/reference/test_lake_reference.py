from __future__ import annotations

from datalake.frame_parts import frame_schema
from datalake.reference.lake_reference import lake_page


def test_the_layout_has_no_hash_of_anything_in_it() -> None:
    page = lake_page()
    assert "| `bronze/<2 digits>/<sha256>/raw` |" in page
    assert "| `silver/images/<2 digits>/<sha256>.jpg` |" in page
    assert "/manifest.json` |" in page
    assert "e3b0c442" not in page


def test_every_column_of_a_part_is_described() -> None:
    section = lake_page().split("## Columns of a part")[1].split("\n## ")[0]
    rows = {
        line.split(" | ")[0]: line.split(" | ") for line in section.splitlines() if line.startswith("| `")
    }
    for column in frame_schema(1):
        cells = rows[f"| `{column.name}`"]
        assert cells[2].strip() == ("yes" if column.nullable else "")
        assert cells[3].strip(" |")


def test_the_footer_and_the_manifest_are_told() -> None:
    page = lake_page()
    assert "`recent_kept`" in page
    assert "| `work` | Names one piece of silver work" in page
