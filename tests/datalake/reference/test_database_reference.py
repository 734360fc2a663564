from __future__ import annotations

from datalake.adapters.postgres.relations import Column, Relation
from datalake.reference.database_reference import tables_text

KEY = Column("asset_id", "text", is_required=True, is_key=True, refers_to="assets", comment="Of the bytes.")
PLAIN = Column("note", "text", is_required=False, is_key=False, refers_to=None, comment="")


def test_a_table_shows_keys_references_and_what_may_be_null() -> None:
    text = tables_text([Relation("frames", False, "Frames.", (KEY, PLAIN))], [])
    assert "* [frames](#frames): Frames." in text
    assert "| **`asset_id`** | `text` |  | Of the bytes. [→ assets](#assets) |" in text
    assert "| `note` | `text` | yes |  |" in text


def test_a_view_has_neither_keys_nor_nulls() -> None:
    text = tables_text([], [Relation("balance", True, "Sums.", (PLAIN,))])
    assert "| Column | Type | What it is |\n| --- | --- | --- |\n| `note` | `text` |  |" in text
