"""The tasks of `video_process` in this process: real PostgreSQL, engine, model and media children."""

from __future__ import annotations

import json

import pytest
from airflow.sdk.exceptions import AirflowFailException

from datalake import factory, settings, tasks
from datalake.adapters.media.children import MediaChildren
from datalake.embedded.process import free_port
from datalake.errors import TransientError
from datalake.serving.search import Search
from tests.limits import ROOMY
from tests.task_world import RUN, World

pytestmark = pytest.mark.postgres


def through_json(value: object) -> dict[str, object]:
    """As XCom carries it."""
    return json.loads(json.dumps(value))


def test_a_good_video_becomes_searchable_and_a_truncated_one_a_dead_letter(
    world: World, configure, qdrant_url: str, smtp_sink
) -> None:
    good, bad = world.good(), world.truncated()
    (chunk,) = world.plan(good, bad)
    ready = through_json(tasks.silver(through_json(tasks.bronze(through_json(chunk)))))

    configure(QDRANT_URL=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(TransientError):
        tasks.gold(ready)
    assert world.outcomes()[good.name] == (None, None)
    assert world.row("SELECT code_errors FROM batches") == {"code_errors": 0}

    configure(QDRANT_URL=qdrant_url)
    assert tasks.gold(ready) == {"done": 1, "quarantined": 1}
    assert world.outcomes() == {good.name: ("done", None), bad.name: ("quarantined", "truncated")}
    assert world.rows("SELECT kept_count, platform FROM videos") == [{"kept_count": 2, "platform": "ui"}]
    assert world.row("SELECT count(*) FROM frames") == {"count": 2}
    assert world.rows("SELECT reason FROM dead_letters") == [{"reason": "truncated"}]

    hits = Search.of_settings(settings.load())("a striped box", limit=100, platform="ui")
    assert {hit.video_id.rpartition("-")[0] for hit in hits} == {good.stem}
    assert sorted(hit.time_s for hit in hits)[0] == 0.0

    assert tasks.notify({"uris": [good.as_uri(), bad.as_uri()]}, RUN)["mails_sent"] == 1
    (mail,) = smtp_sink.mails()
    assert mail["To"] == "boss@example.org"
    assert "1 quarantined, 1 done" in mail["Subject"]


def test_finished_videos_are_not_planned_again(world: World) -> None:
    bad = world.truncated()
    (chunk,) = world.plan(bad)
    tasks.gold(tasks.silver(tasks.bronze(chunk)))
    assert world.plan(bad) == []


def test_a_retry_of_plan_makes_no_second_batch(world: World) -> None:
    files = world.good(), world.truncated()
    first = world.plan(*files)
    assert world.plan(*files) == first
    assert world.row("SELECT count(*) FROM batches") == {"count": 1}
    assert world.row("SELECT count(*) FROM ledger") == {"count": 2}


def test_a_run_of_the_consumer_works_on_its_batch_and_attempt_only(world: World) -> None:
    (chunk,) = world.plan(world.good())
    params = {"batch_id": chunk["batch_id"], "attempt": 1, "uris": None}
    assert tasks.plan(params, RUN) == [chunk]
    assert tasks.plan({**params, "attempt": 2}, RUN) == []


@pytest.mark.parametrize("params", [None, {}, {"uris": []}, {"uris": [" "]}, {"batch_id": ""}])
def test_neither_batch_nor_uris_is_said_at_once(world: World, params: dict[str, object] | None) -> None:
    with pytest.raises(AirflowFailException, match="type at least one URI"):
        tasks.plan(params, RUN)
    assert world.row("SELECT count(*) FROM batches") == {"count": 0}


def test_an_error_of_our_code_in_one_video_is_counted_once_an_attempt(world: World) -> None:
    (chunk,) = world.plan(world.good(), world.good(frames=45))
    for _ in range(2):  # silver without bronze before it: a bug, met by every video and again by the retry
        done = tasks.silver(chunk)
        assert ["AssertionError" in video["error"] for video in done["videos"]] == [True, True]
    batch = world.row("SELECT code_errors, last_error FROM batches")
    assert batch["code_errors"] == 1
    assert str(batch["last_error"]).startswith("ui/")
    assert set(world.outcomes().values()) == {(None, None)}


def test_an_error_of_our_code_that_ends_the_task_ends_it_without_a_retry(world: World) -> None:
    (chunk,) = world.plan(world.truncated())
    ended = tasks.silver(tasks.bronze(chunk))
    world.execute("ALTER TABLE dead_letters RENAME TO elsewhere")
    with pytest.raises(AirflowFailException, match="UndefinedTable"):
        tasks.gold(ended)
    assert world.row("SELECT code_errors FROM batches") == {"code_errors": 1}
    world.execute("ALTER TABLE elsewhere RENAME TO dead_letters")
    tasks.gold(ended)
    assert list(world.outcomes().values()) == [("quarantined", "truncated")]


def test_notify_fails_a_batch_that_is_left_unfinished(world: World, smtp_sink) -> None:
    file = world.good()
    world.plan(file)
    with pytest.raises(AirflowFailException, match=r"1 messages of batch .* are unfinished"):
        tasks.notify({"uris": [file.as_uri()]}, RUN)
    assert smtp_sink.mails() == []


def test_every_task_of_a_finished_run_can_be_run_again_and_opens_nothing(world: World, monkeypatch) -> None:
    (chunk,) = world.plan(world.good(), world.truncated())
    landed = tasks.bronze(chunk)
    ready = tasks.silver(landed)
    tasks.gold(ready)
    before = world.rows("SELECT * FROM video_attempts")
    for again in (tasks.bronze(chunk), tasks.silver(landed)):
        assert again["videos"] == []
    assert tasks.gold(ready) == {}
    monkeypatch.setattr(tasks, "still_open", lambda chunk, log: chunk)  # they ended while gold was at them
    assert tasks.gold(ready) == {"ended elsewhere": 2}
    assert world.rows("SELECT * FROM video_attempts") == before


def test_a_retry_does_not_read_again_what_was_landed(world: World) -> None:
    through, killed = world.good(), world.good(frames=45)
    (chunk,) = world.plan(through, killed)
    landed = tasks.bronze(chunk)
    world.execute(
        "UPDATE video_attempts SET ended_at = NULL, progress = NULL WHERE message_id = "
        f"(SELECT message_id FROM ledger WHERE arrived ->> 'uri' = '{killed.as_uri()}')"
    )
    through.unlink()
    assert tasks.bronze(chunk) == landed


def test_known_bad_bytes_are_refused_without_being_opened(world: World) -> None:
    bad = world.truncated()
    (chunk,) = world.plan(bad)
    tasks.gold(tasks.silver(tasks.bronze(chunk)))
    world.execute("UPDATE known_content SET findings = jsonb_set(findings, '{0,evidence}', '\"as known\"')")
    copy = bad.with_name("copy.mp4")
    copy.write_bytes(bad.read_bytes())
    (chunk,) = tasks.plan({"uris": [copy.as_uri()]}, "manual__2")
    (video,) = tasks.bronze(chunk)["videos"]
    assert (video["outcome"]["kind"], video["outcome"]["reason"]) == ("quarantined", "truncated")
    assert video["outcome"]["detail"].startswith("as known")


def test_bytes_over_which_our_own_code_failed_are_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = world.good()
    (chunk,) = world.plan(video)
    rogue = "tests.datalake.adapters.media.rogue_child"  # knows no `probe`
    with monkeypatch.context() as patch:
        patch.setattr(factory, "build_media_children", lambda *_, **__: MediaChildren(1, ROOMY, entry=rogue))
        failed = tasks.silver(tasks.bronze(chunk))
    outcome = failed["videos"][0]["outcome"]
    assert (outcome["kind"], outcome["reason"]) == ("quarantined", "code_failed")
    tasks.gold(failed)
    assert world.rows("SELECT * FROM known_content") == []
    (chunk,) = tasks.plan({"uris": [video.as_uri()]}, "manual__2")
    assert tasks.bronze(chunk)["videos"][0]["outcome"] is None
