from __future__ import annotations

from threading import Barrier, Event
from typing import Any

import pytest

from datalake.adapters.memory.attempts import MemoryAttemptLog
from datalake.adapters.ports import EarlierTries
from datalake.chunk_run import ChunkRun, still_open
from datalake.contracts import Chunk, Finding, Outcome, VideoProgress
from datalake.errors import BadVideo, DatabaseUnavailable, SourceUnavailable, StoreUnavailable
from datalake.stopping import current_stop
from tests.datalake.test_chunks import chunk_of

DONE = Outcome(kind="done")


def name(video: VideoProgress) -> str:
    return video.claimed.arrived.video_id


class Scene:
    """A chunk, a log, and a step that notes which videos it was given."""

    def __init__(self, *names: str) -> None:
        self.log = MemoryAttemptLog()
        self.chunk = chunk_of(*names)
        self.stepped: list[str] = []
        self.ids = {name(video): video.claimed.message_id for video in self.chunk.videos}

    def tried(self, video: str, **earlier: Any) -> None:
        self.log.tries[self.ids[video]] = EarlierTries(**earlier)

    def step(self, video: VideoProgress) -> VideoProgress:
        self.stepped.append(name(video))
        return video.model_copy(update={"outcome": DONE})

    def run(self, step: Any = None, at_once: int = 1) -> Chunk:
        return ChunkRun("bronze", step or self.step, self.log, at_once, max_deaths_alone=3)(self.chunk)

    def alone(self) -> dict[str, bool]:
        names = {message_id: video for video, message_id in self.ids.items()}
        return {names[message_id]: is_alone for message_id, is_alone in self.log.begun}


def test_every_attempt_is_written_down_before_the_file_is_opened_and_afterwards() -> None:
    scene = Scene("a", "b")

    def step(video: VideoProgress) -> VideoProgress:
        assert video.claimed.message_id in dict(scene.log.begun)
        assert video.claimed.message_id not in scene.log.ended
        return scene.step(video)

    done = scene.run(step)
    assert [video.outcome for video in done.videos] == [DONE, DONE]
    assert list(scene.log.ended.values()) == list(done.videos)


def test_only_who_is_in_flight_with_others_is_not_alone() -> None:
    together, scene = Barrier(2, timeout=10), Scene("a", "b")

    def step(video: VideoProgress) -> VideoProgress:
        together.wait()
        return video

    scene.run(step, at_once=2)
    assert scene.alone() == {"a": False, "b": False}
    single = Scene("a")
    single.run(at_once=4)
    assert single.alone() == {"a": True}


@pytest.mark.parametrize("outcome", [None, Outcome(kind="quarantined")])
def test_what_an_earlier_try_got_through_is_not_done_again(outcome: Outcome | None) -> None:
    scene = Scene("a", "b")
    through = scene.chunk.videos[0].model_copy(update={"outcome": outcome})
    scene.tried("a", progress=through)
    done = scene.run()
    assert scene.stepped == ["b"]
    assert done.videos[0] == through


def test_what_another_process_got_through_meanwhile_is_not_begun() -> None:
    scene = Scene("a", "b")
    through = scene.chunk.videos[1].model_copy(update={"outcome": DONE})

    def step(video: VideoProgress) -> VideoProgress:
        scene.tried("b", progress=through)  # by a process that was taken for dead
        return scene.step(video)

    done = scene.run(step)
    assert scene.stepped == ["a"]
    assert [message_id for message_id, _ in scene.log.begun] == list(scene.log.ended) == [scene.ids["a"]]
    assert done.videos[1] == through


def test_who_was_in_flight_when_a_process_died_goes_last_and_alone_the_guilty_one_last_of_all() -> None:
    scene = Scene("killer", "calm", "bystander", "fine")
    scene.tried("killer", deaths=2, deaths_alone=1)
    scene.tried("bystander", deaths=1)
    done = scene.run(at_once=2)
    assert sorted(scene.stepped[:2]) == ["calm", "fine"]
    assert scene.stepped[2:] == ["bystander", "killer"]
    assert scene.alone() == {"calm": False, "fine": False, "bystander": True, "killer": True}
    assert [name(video) for video in done.videos] == ["killer", "calm", "bystander", "fine"]


def test_who_dies_alone_too_often_is_quarantined_and_not_tried_again() -> None:
    scene = Scene("killer", "unlucky")
    scene.tried("killer", deaths=4, deaths_alone=3)
    scene.tried("unlucky", deaths=9, deaths_alone=2)
    done = scene.run()
    assert scene.stepped == ["unlucky"]
    outcome = done.videos[0].outcome
    assert outcome is not None and (outcome.kind, outcome.reason) == ("quarantined", "kills_worker")
    assert "3 task processes died in bronze" in outcome.findings[-1].evidence


def test_messages_that_have_ended_elsewhere_are_left_out() -> None:
    scene = Scene("cancelled", "open")
    scene.log.closed.add(scene.ids["cancelled"])
    assert [name(video) for video in scene.run().videos] == ["open"]
    assert [name(video) for video in still_open(scene.chunk, scene.log).videos] == ["open"]


def test_a_message_that_ends_meanwhile_is_stopped_and_no_other() -> None:
    scene, stopped = Scene("cancelled", "open"), Event()

    def step(video: VideoProgress) -> VideoProgress:
        if name(video) == "open":
            return scene.step(video)
        scene.log.closed.add(video.claimed.message_id)
        with current_stop().calling(stopped.set):
            assert stopped.wait(5)
        current_stop().check()
        pytest.fail("it went on")

    done = scene.run(step, at_once=2)
    assert done.videos[0].put_off is not None and "cancelled" in done.videos[0].put_off
    assert done.videos[1].outcome == DONE


@pytest.mark.parametrize("error", [SourceUnavailable("away"), KeyError("oops")])
def test_who_did_not_get_through_is_tried_again_by_the_next_try(error: Exception) -> None:
    scene = Scene("a")

    def step(video: VideoProgress) -> VideoProgress:
        raise error

    scene.run(step)
    assert scene.log.ended == {scene.ids["a"]: None}


def test_a_bad_video_is_through() -> None:
    scene = Scene("a")
    found = Finding(code="truncated", severity="error", evidence="3 of 10 s", remedy="Send it again.")

    def step(video: VideoProgress) -> VideoProgress:
        raise BadVideo(found)

    done = scene.run(step)
    assert scene.log.ended == {scene.ids["a"]: done.videos[0]}


def test_a_service_that_is_away_is_raised_once_the_suspects_are_through_as_well() -> None:
    scene = Scene("a", "suspect")
    scene.tried("suspect", deaths=1)

    def step(video: VideoProgress) -> VideoProgress:
        if name(video) == "a":
            raise StoreUnavailable("disk full")
        return scene.step(video)

    with pytest.raises(StoreUnavailable):
        scene.run(step)
    assert scene.stepped == ["suspect"]


def test_a_database_that_is_away_for_a_moment_when_an_attempt_ends_is_waited_for() -> None:
    class Away(MemoryAttemptLog):
        left = 2

        def end(self, layer: Any, video: Any, progress: Any) -> None:
            if self.left:
                self.left -= 1
                raise DatabaseUnavailable("gone")
            super().end(layer, video, progress)

    scene = Scene("a")
    scene.log = Away()
    done = scene.run()
    assert scene.log.ended == {scene.ids["a"]: done.videos[0]}
