"""The tables of an extraction that is driven by rows: what its operators run, runs unchanged."""

from __future__ import annotations

import pytest

from datalake.adapters.postgres import connect, execute, row, rows, transaction

pytestmark = pytest.mark.postgres
PROGRESS = """
-- Check processing progress
SELECT
    COUNT(*) as total_records,
    COUNT(*) FILTER (WHERE is_downloaded = true) as downloaded,
    COUNT(*) FILTER (WHERE is_extracted = true) as extracted,
    COUNT(*) FILTER (WHERE is_embedded = true) as embedded
FROM insta_content;
"""
RECENT = """
-- View recent processing activity
SELECT id, code, is_extracted, is_embedded, updated_at
FROM insta_content
WHERE updated_at > NOW() - INTERVAL '1 hour'
ORDER BY updated_at DESC
LIMIT 20;
"""
CHECKPOINT = """
-- Check checkpoint status
SELECT * FROM extraction_checkpoints
WHERE pipeline_name = 'video_extraction';
"""
MOVE_CHECKPOINT = """
INSERT INTO extraction_checkpoints (
    pipeline_name,
    last_processed_id,
    total_processed
) VALUES (
    'video_extraction',
    12345,
    12000
) ON CONFLICT (pipeline_name)
DO UPDATE SET
    last_processed_id = EXCLUDED.last_processed_id,
    total_processed = EXCLUDED.total_processed,
    updated_at = CURRENT_TIMESTAMP;
"""
RATE = """
-- Processing rate analysis
WITH processing_stats AS (
    SELECT
        DATE_TRUNC('hour', updated_at) as hour,
        COUNT(*) as records_processed
    FROM insta_content
    WHERE is_extracted = true
    AND updated_at > NOW() - INTERVAL '24 hours'
    GROUP BY DATE_TRUNC('hour', updated_at)
    ORDER BY hour
)
SELECT
    hour,
    records_processed,
    LAG(records_processed) OVER (ORDER BY hour) as prev_hour,
    records_processed - LAG(records_processed) OVER (ORDER BY hour) as hourly_rate
FROM processing_stats;
"""
LONG_QUERIES = """
-- Check for long-running queries
SELECT pid, now() - pg_stat_activity.query_start AS duration, query
FROM pg_stat_activity
WHERE (now() - pg_stat_activity.query_start) > interval '5 minutes';
"""
ANALYZE = "ANALYZE insta_content;"
STATISTICS = """
-- Check index usage
SELECT schemaname, tablename, attname, n_distinct, correlation
FROM pg_stats
WHERE tablename = 'insta_content';
"""
INDEXES = (
    """
CREATE INDEX CONCURRENTLY idx_insta_content_unextracted
ON insta_content(id)
WHERE is_downloaded = true AND is_extracted = false;
""",
    """
CREATE INDEX CONCURRENTLY idx_insta_content_unembedded
ON insta_content(id)
WHERE is_extracted = true AND is_embedded = false;
""",
)
POSTS = """
INSERT INTO insta_content (code, is_downloaded, is_extracted, is_embedded, updated_at)
VALUES ('C1', true, true, true, now()),
       ('C2', true, true, false, date_trunc('hour', now()) - interval '1 minute'),
       ('C3', true, true, false, date_trunc('hour', now()) - interval '2 minutes'),
       ('C4', true, false, false, now()),
       ('C5', false, false, false, now() - interval '2 days')
"""
DEFINED = """
SELECT column_name, data_type, character_maximum_length, is_nullable = 'YES' AS may_be_null, column_default
FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position
"""
NOW = "CURRENT_TIMESTAMP"


@pytest.fixture
def uri(postgres_uri: str) -> str:
    with transaction(postgres_uri) as connection:
        execute(connection, POSTS)
    return postgres_uri


def columns(uri: str, table: str) -> list[tuple[object, ...]]:
    with transaction(uri) as connection:
        return [tuple(found.values()) for found in rows(connection, DEFINED, (table,))]


def test_columns_are_those_that_were_asked_for(postgres_uri: str) -> None:
    text, moment = "character varying", "timestamp without time zone"
    assert columns(postgres_uri, "insta_content") == [
        ("id", "integer", None, False, "nextval('insta_content_id_seq'::regclass)"),
        ("platform", text, 50, False, "'instagram'::character varying"),
        ("code", text, 255, False, None),
        ("is_downloaded", "boolean", None, True, "false"),
        ("is_extracted", "boolean", None, True, "false"),
        ("is_embedded", "boolean", None, True, "false"),
        ("created_at", moment, None, True, NOW),
        ("updated_at", moment, None, True, NOW),
        ("publish_date", moment, None, True, None),
    ]
    assert columns(postgres_uri, "extraction_checkpoints") == [
        ("id", "integer", None, False, "nextval('extraction_checkpoints_id_seq'::regclass)"),
        ("pipeline_name", text, 100, False, None),
        ("last_processed_id", "integer", None, False, None),
        ("total_processed", "integer", None, True, "0"),
        ("created_at", moment, None, True, NOW),
        ("updated_at", moment, None, True, NOW),
    ]


def test_progress_and_recent_activity_are_seen(uri: str) -> None:
    with transaction(uri) as connection:
        found = row(connection, PROGRESS)
        recent = [post["code"] for post in rows(connection, RECENT)]
    assert found == {"total_records": 5, "downloaded": 4, "extracted": 3, "embedded": 1}
    assert recent[0] in ("C1", "C4")
    assert "C5" not in recent


def test_rate_compares_an_hour_with_the_one_before(uri: str) -> None:
    with transaction(uri) as connection:
        found = [tuple(hour.values())[1:] for hour in rows(connection, RATE)]
    assert found == [(2, None, None), (1, 2, -1)]


def test_checkpoint_is_kept_once_and_moves(uri: str) -> None:
    with transaction(uri) as connection:
        execute(connection, MOVE_CHECKPOINT)
        execute(connection, MOVE_CHECKPOINT.replace("12345", "12346"))
        [found] = rows(connection, CHECKPOINT)
    assert (found["last_processed_id"], found["total_processed"]) == (12346, 12000)


def test_server_can_be_looked_at_and_indexed_further(uri: str) -> None:
    connection = connect(uri)
    connection.autocommit = True  # CONCURRENTLY works outside of transactions only
    try:
        execute(connection, LONG_QUERIES)
        execute(connection, ANALYZE)
        assert "publish_date" in {found["attname"] for found in rows(connection, STATISTICS)}
        for index in INDEXES:
            execute(connection, index)
        found = rows(connection, "SELECT indexname FROM pg_indexes WHERE tablename = 'insta_content'")
    finally:
        connection.close()
    names = {index["indexname"] for index in found}
    assert {"idx_insta_content_extraction", "idx_insta_content_unextracted"} <= names
