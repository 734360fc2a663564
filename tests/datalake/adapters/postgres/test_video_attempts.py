from __future__ import annotations

from uuid import UUID

import pytest

from datalake.adapters.ports import EarlierTries
from datalake.adapters.postgres import execute, rows, transaction
from datalake.adapters.postgres.video_attempts import PostgresAttemptLog
from datalake.contracts import ClaimedVideo, Outcome, VideoProgress
from datalake.ingest.batches import open_ui_batch, unfinished

pytestmark = pytest.mark.postgres


@pytest.fixture
def claimed(postgres_uri: str) -> list[ClaimedVideo]:
    """Two messages of one batch."""
    batch_id = open_ui_batch(postgres_uri, "run", ["file:///v/a.mp4", "file:///v/b.mp4"])
    assert batch_id is not None
    return unfinished(postgres_uri, batch_id, 1, "run")


def change(uri: str, sql: str) -> None:
    with transaction(uri) as connection:
        execute(connection, sql)


def earlier(uri: str, claimed: list[ClaimedVideo]) -> dict[UUID, EarlierTries]:
    """What another process finds."""
    return dict(PostgresAttemptLog(uri).earlier("silver", claimed))


def test_only_messages_of_this_attempt_without_an_outcome_are_open(postgres_uri, claimed) -> None:
    log, ids = PostgresAttemptLog(postgres_uri), {video.message_id for video in claimed}
    assert log.still_open(claimed) == ids
    assert log.still_open([]) == set()
    change(
        postgres_uri, "UPDATE ledger SET outcome = 'cancelled', finished_at = now() WHERE message_offset = 0"
    )
    assert log.still_open(claimed) == {claimed[1].message_id}
    change(postgres_uri, "UPDATE batches SET attempt = 2, run_id = 'run-2'")
    assert log.still_open(claimed) == set()


def test_nobody_tried_nothing_is_told(postgres_uri, claimed) -> None:
    assert earlier(postgres_uri, claimed) == {}
    assert PostgresAttemptLog(postgres_uri).earlier("silver", []) == {}


def test_an_attempt_without_an_end_is_a_death_for_others_and_not_for_its_own_process(
    postgres_uri, claimed
) -> None:
    log = PostgresAttemptLog(postgres_uri)
    log.begin("silver", claimed[0], is_alone=False)
    log.begin("bronze", claimed[1], is_alone=True)
    assert earlier(postgres_uri, claimed) == {claimed[0].message_id: EarlierTries(None, 1, 0)}
    assert log.earlier("silver", claimed) == {}


def test_deaths_alone_add_up_until_a_process_is_through_with_the_video(postgres_uri, claimed) -> None:
    video = claimed[0]
    for is_alone in (False, True, True):
        PostgresAttemptLog(postgres_uri).begin("silver", video, is_alone)
    assert earlier(postgres_uri, claimed) == {video.message_id: EarlierTries(None, 3, 2)}
    last = PostgresAttemptLog(postgres_uri)
    last.begin("silver", video, is_alone=True)
    last.end("silver", video, None)
    assert earlier(postgres_uri, claimed) == {video.message_id: EarlierTries(None, 0, 0)}
    PostgresAttemptLog(postgres_uri).begin("silver", video, is_alone=True)
    assert earlier(postgres_uri, claimed) == {video.message_id: EarlierTries(None, 1, 1)}


def test_progress_is_for_later_tries_of_the_same_attempt_of_the_batch(postgres_uri, claimed) -> None:
    log, video = PostgresAttemptLog(postgres_uri), claimed[0]
    progress = VideoProgress(claimed=video, outcome=Outcome(kind="quarantined", reason="truncated"))
    log.begin("silver", video, is_alone=True)
    log.end("silver", video, progress)
    assert earlier(postgres_uri, claimed) == {video.message_id: EarlierTries(progress, 0, 0)}
    change(postgres_uri, "UPDATE video_attempts SET attempt = 2")
    assert earlier(postgres_uri, claimed) == {video.message_id: EarlierTries(None, 0, 0)}


def test_a_process_that_was_taken_for_dead_and_got_through_is_told_before_the_file_is_opened(
    postgres_uri, claimed
) -> None:
    slow, next_try, video = PostgresAttemptLog(postgres_uri), PostgresAttemptLog(postgres_uri), claimed[0]
    assert slow.begin("silver", video, is_alone=False) is None
    assert next_try.earlier("silver", claimed)[video.message_id].deaths == 1
    progress = VideoProgress(claimed=video, outcome=Outcome(kind="quarantined", reason="truncated"))
    slow.end("silver", video, progress)
    assert next_try.begin("silver", video, is_alone=True) == progress
    assert next_try.begin("bronze", video, is_alone=True) is None
    assert next_try.begin("silver", claimed[1], is_alone=True) is None
    with transaction(postgres_uri) as connection:
        begun = rows(
            connection, "SELECT message_id FROM video_attempts WHERE layer = 'silver' ORDER BY started_at"
        )
    assert [row["message_id"] for row in begun] == [video.message_id, claimed[1].message_id]
    change(postgres_uri, "UPDATE video_attempts SET attempt = 2")
    assert next_try.begin("silver", video, is_alone=True) is None
