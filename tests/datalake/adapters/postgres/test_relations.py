from __future__ import annotations

import pytest

from datalake.adapters.postgres.relations import relations


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
