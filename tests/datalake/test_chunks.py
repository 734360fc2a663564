from threading import Barrier
from uuid import UUID, uuid4

import pytest

from datalake import chunks
from datalake.contracts import Chunk, ClaimedVideo, Finding, Outcome, VideoArrived, VideoProgress
from datalake.errors import BadVideo, ConfigurationError, LeaseLost, SourceUnavailable, StoreUnavailable

BATCH = UUID("b9b2fd0e-40a9-4d21-9db6-3f3a1f6d3f04")


def claimed(video_id: str) -> ClaimedVideo:
    arrived = VideoArrived(event_id=uuid4(), video_id=video_id, uri=f"file:///videos/{video_id}.mp4")
    return ClaimedVideo(
        message_id=uuid4(),
        batch_id=BATCH,
        attempt=1,
        run_id=f"{BATCH}-1",
        version=(1, 0, 0),
        arrived=arrived,
    )


def chunk_of(*video_ids: str) -> Chunk:
    return chunks.split([claimed(video_id) for video_id in video_ids], 64)[0]


@pytest.mark.parametrize(
    ("videos", "slots", "expected"),
    [(1, 1, 16), (32, 1, 16), (40, 1, 20), (512, 1, 64), (512, 8, 32), (10_000, 2, 64)],
)
def test_a_slot_gets_about_two_chunks_within_the_bounds(videos, slots, expected):
    assert chunks.chunk_size(videos, slots, smallest=16, largest=64) == expected


def test_a_split_keeps_every_video_once_and_in_order():
    batch = [claimed(f"v{number}") for number in range(37)]
    split = chunks.split(batch, 16)
    assert [len(chunk.videos) for chunk in split] == [16, 16, 5]
    assert [video.claimed for chunk in split for video in chunk.videos] == batch


def test_a_chunk_is_named_by_its_videos():
    assert chunk_of("a", "b").label == "instagram/a, instagram/b"
    assert chunk_of("a", "b", "c", "d", "e").label == "instagram/a, instagram/b, instagram/c +2"


def test_a_label_never_outgrows_what_airflow_keeps():
    chunk = chunk_of(*(f"{number}{'x' * 254}" for number in range(5)))
    assert len(chunk.label) <= 200
    assert chunk.label.endswith("… +2")


def test_a_batch_of_any_size_gives_no_more_chunks_than_airflow_maps():
    assert chunks.chunk_size(16_384, slots=1, smallest=1, largest=8) == 17


@pytest.mark.parametrize("error", [SourceUnavailable("host is away"), LeaseLost("another is at it")])
def test_a_video_that_has_to_wait_holds_up_no_other(error):
    def step(video: VideoProgress) -> VideoProgress:
        if video.claimed.arrived.video_id == "waits":
            raise error
        return video.model_copy(update={"outcome": Outcome(kind="done")})

    result = chunks.run(chunk_of("waits", "good"), step, at_once=1)
    assert [video.put_off for video in result.videos] == [str(error), None]
    assert not result.videos[0].is_open
    assert result.videos[0].outcome is result.videos[0].error is None
    assert result.videos[1].outcome == Outcome(kind="done")


def test_a_bad_video_is_quarantined_with_its_finding_and_the_rest_goes_on():
    finding = Finding(code="truncated", severity="error", evidence="3 of 10 s", remedy="Send it again.")

    def step(video: VideoProgress) -> VideoProgress:
        if video.claimed.arrived.video_id == "bad":
            raise BadVideo(finding)
        return video.model_copy(update={"outcome": Outcome(kind="done")})

    result = chunks.run(chunk_of("good", "bad", "fine"), step, at_once=2)
    assert [video.outcome.kind for video in result.videos] == ["done", "quarantined", "done"]
    assert result.videos[1].outcome.reason == "truncated"
    assert result.videos[1].outcome.findings == (finding,)


def test_an_error_of_our_code_stays_with_its_video():
    def step(video: VideoProgress) -> VideoProgress:
        if video.claimed.arrived.video_id == "bug":
            raise KeyError("oops")
        return video.model_copy(update={"outcome": Outcome(kind="done")})

    result = chunks.run(chunk_of("bug", "good"), step, at_once=1)
    assert result.videos[0].error == "KeyError: 'oops'"
    assert not result.videos[0].is_open
    assert result.videos[1].outcome == Outcome(kind="done")


@pytest.mark.parametrize("error", [StoreUnavailable("disk full"), ConfigurationError("no such model")])
def test_a_broken_service_is_raised_after_the_others_are_through(error):
    seen = []

    def step(video: VideoProgress) -> VideoProgress:
        seen.append(video.claimed.arrived.video_id)
        if video.claimed.arrived.video_id == "first":
            raise error
        return video

    with pytest.raises(type(error), match=str(error)):
        chunks.run(chunk_of("first", "second", "third"), step, at_once=1)
    assert seen == ["first", "second", "third"]


def test_videos_with_an_outcome_are_passed_on_untouched():
    chunk = chunk_of("done", "open")
    ended = chunk.videos[0].model_copy(update={"outcome": Outcome(kind="cancelled")})
    chunk = chunk.model_copy(update={"videos": (ended, chunk.videos[1])})
    seen = []
    chunks.run(chunk, lambda video: seen.append(video.claimed.arrived.video_id) or video, at_once=1)
    assert seen == ["open"]


def test_as_many_videos_as_asked_run_at_once():
    together = Barrier(3, timeout=10)

    def step(video: VideoProgress) -> VideoProgress:
        together.wait()  # breaks unless three threads meet
        return video

    assert len(chunks.run(chunk_of("a", "b", "c"), step, at_once=3).videos) == 3


def test_a_chunk_survives_the_way_through_xcom():
    chunk = chunk_of("a", "b")
    assert Chunk.model_validate(chunk.model_dump(mode="json")) == chunk
