from __future__ import annotations

import pytest

from datalake.embedded.postgres_admin import ensure_database, plain_uri
from datalake.errors import DatabaseUnavailable


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("postgresql+psycopg2://u:p@h/db", "postgresql://u:p@h/db"),
        ("postgres+asyncpg://u:p@h/db", "postgresql://u:p@h/db"),
        ("postgresql://u:a+b://@h/db", "postgresql://u:a+b://@h/db"),
    ],
)
def test_only_the_driver_is_taken_out_of_a_uri(written: str, plain: str) -> None:
    assert plain_uri(written) == plain


def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        ensure_database("postgresql://u:p@127.0.0.1:1/postgres", "video_db")
