from __future__ import annotations

import pytest

from datalake.adapters.postgres.relations import Column, Relation, relations
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


@pytest.mark.postgres
def test_the_database_names_our_tables_views_types_keys_and_comments(postgres_uri: str) -> None:
    found = {relation.name: relation for relation in relations(postgres_uri)}
    assert {"ledger", "frames", "videos", "ledger_balance"} <= set(found)
    assert not any("yoyo" in name for name in found)
    assert (found["ledger"].is_view, found["ledger_balance"].is_view) == (False, True)
    columns = {column.name: column for column in found["frames"].columns}
    assert (columns["asset_id"].is_key, columns["asset_id"].refers_to) == (True, "assets")
    assert (columns["time_us"].type, columns["time_us"].is_required) == ("bigint", True)
    assert "microseconds" in columns["time_us"].comment
