from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.ports import Embedder, Embedding, Image, Vector
from datalake.embedded.process import wait_until
from datalake.errors import BadVideo, StoreUnavailable, TransientError

HOUR_S = 3600.0
POISON = 13


class Recorder(Embedder):
    """Embeds an image as its first byte; `batches` lists what the model was called with."""

    model, fingerprint, labels_fingerprint, dim = "recorder", "f" * 16, "l" * 16, 1

    def __init__(self, refuse: Callable[[list[int]], Exception | None] = lambda _: None) -> None:
        self.refuse = refuse
        self.batches: list[list[int]] = []
        self.called = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        values = [int(image[0, 0, 0]) for image in images]
        self.batches.append(values)
        self.called.release()
        assert self.gate.wait(60)
        if (error := self.refuse(values)) is not None:
            raise error
        return [Embedding(np.array([value], np.float32)) for value in values]

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        return [np.array([len(text)], np.float32) for text in texts]


def images(*values: int) -> list[Image]:
    return [np.full((2, 2, 3), value, np.uint8) for value in values]


def values(embeddings: Sequence[Embedding]) -> list[int]:
    return [int(embedding.vector[0]) for embedding in embeddings]


def embed_together(batcher: MicroBatcher, *calls: list[Image]) -> list[list[int] | BaseException]:
    """Each call in its own registered thread; all are registered before the first image is given."""
    registered = threading.Barrier(len(calls))

    def produce(wanted: list[Image]) -> list[int]:
        with batcher.producer():
            registered.wait(60)
            return values(batcher.embed(wanted))

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(produce, wanted) for wanted in calls]
        return [future.exception() or future.result() for future in futures]


class IdleProducer:
    """A registered thread that gives no image until it leaves."""

    def __init__(self, batcher: MicroBatcher, is_served: Callable[[int], bool] = lambda _: True) -> None:
        self.registered, self.leave = threading.Event(), threading.Event()

        def idle() -> None:
            with batcher.producer(is_served):
                self.registered.set()
                assert self.leave.wait(60)

        self.thread = threading.Thread(target=idle)

    def __enter__(self) -> IdleProducer:
        self.thread.start()
        assert self.registered.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.leave.set()
        self.thread.join(60)


def test_identity_and_texts_are_the_embedders() -> None:
    with MicroBatcher(Recorder(), 4) as batcher:
        assert (batcher.model, batcher.fingerprint, batcher.dim) == ("recorder", "f" * 16, 1)
        assert batcher.labels_fingerprint == "l" * 16
        assert [int(vector[0]) for vector in batcher.embed_text(["ab", "abc"])] == [2, 3]


def test_nothing_is_nothing() -> None:
    recorder = Recorder()
    with MicroBatcher(recorder, 4) as batcher:
        assert batcher.embed([]) == []
    assert recorder.batches == []


def test_an_unregistered_caller_does_not_wait_for_company() -> None:
    recorder = Recorder()
    with MicroBatcher(recorder, 4, max_wait_s=HOUR_S) as batcher:
        assert values(batcher.embed(images(7))) == [7]
    assert recorder.batches == [[7]]


def test_full_batches_leave_and_the_rest_waits_until_the_last_idle_producer_is_gone() -> None:
    recorder = Recorder()
    with (
        MicroBatcher(recorder, 2, max_wait_s=HOUR_S) as batcher,
        ThreadPoolExecutor(1) as pool,
        IdleProducer(batcher) as idle,
    ):
        call = pool.submit(batcher.embed, images(1, 2, 3, 4, 5))
        assert recorder.called.acquire(timeout=60)
        assert recorder.called.acquire(timeout=60)
        assert not call.done()
        idle.leave.set()
        assert values(call.result(60)) == [1, 2, 3, 4, 5]
    assert recorder.batches == [[1, 2], [3, 4], [5]]


def test_one_batch_crosses_videos_when_every_producer_waits() -> None:
    recorder = Recorder()
    with MicroBatcher(recorder, 100, max_wait_s=HOUR_S) as batcher:
        results = embed_together(batcher, images(1, 2), images(3), images(4, 5, 6))
    assert results == [[1, 2], [3], [4, 5, 6]]
    assert [sorted(batch) for batch in recorder.batches] == [[1, 2, 3, 4, 5, 6]]


def test_a_producer_whose_vectors_are_there_counts_as_live_again() -> None:
    recorder = Recorder()
    with MicroBatcher(recorder, 2, max_wait_s=HOUR_S) as batcher:
        # the first full batch ends one call; its thread must leave before the odd image may go
        results = embed_together(batcher, images(1, 2), images(3, 4, 5))
    assert results == [[1, 2], [3, 4, 5]]
    assert sorted(map(len, recorder.batches)) in ([1, 2, 2], [2, 2, 1])


def test_after_the_longest_wait_a_batch_leaves_though_others_are_still_decoding() -> None:
    recorder = Recorder()
    with MicroBatcher(recorder, 100, max_wait_s=0.01) as batcher, IdleProducer(batcher):
        assert values(batcher.embed(images(1))) == [1]
    assert recorder.batches == [[1]]


def test_a_producer_that_can_bring_nothing_is_not_waited_for() -> None:
    recorder = Recorder()
    with (
        MicroBatcher(recorder, 100, max_wait_s=HOUR_S) as batcher,
        IdleProducer(batcher, is_served=lambda _: False),
    ):
        assert values(batcher.embed(images(1))) == [1]
    assert recorder.batches == [[1]]


def test_only_the_video_with_the_poisoned_frame_fails() -> None:
    recorder = Recorder(lambda batch: ValueError("odd pixels") if POISON in batch else None)
    with MicroBatcher(recorder, 100, max_wait_s=HOUR_S) as batcher:
        good, bad, also_good = embed_together(batcher, images(1, 2), images(3, POISON), images(4))
    assert (good, also_good) == ([1, 2], [4])
    assert isinstance(bad, BadVideo)
    assert bad.finding.code == "embedding_failed"
    assert "odd pixels" in bad.finding.evidence
    assert sorted(recorder.batches[0]) == [1, 2, 3, 4, POISON]
    assert {len(batch) for batch in recorder.batches[1:]} == {1}


def test_a_failed_call_leaves_nothing_behind_in_the_queue() -> None:
    recorder = Recorder(lambda batch: ValueError("odd pixels") if POISON in batch else None)
    with MicroBatcher(recorder, 2, max_wait_s=HOUR_S) as batcher:
        with pytest.raises(BadVideo):
            batcher.embed(images(POISON, 1, 2, 3, 4, 5))
        assert values(batcher.embed(images(6))) == [6]
    assert 5 not in {value for batch in recorder.batches for value in batch}


@pytest.mark.parametrize("error", [ValueError("no such layer"), AttributeError("typo"), KeyError("weights")])
def test_an_error_of_the_model_itself_is_no_videos_fault(error: Exception) -> None:
    with MicroBatcher(Recorder(lambda _: error), 100, max_wait_s=HOUR_S) as batcher:
        assert embed_together(batcher, images(1, 2), images(3)) == [error, error]


def test_the_batcher_works_on_after_an_error() -> None:
    recorder = Recorder(lambda batch: AttributeError("typo") if 1 in batch else None)
    with MicroBatcher(recorder, 4, max_wait_s=HOUR_S) as batcher:
        with pytest.raises(AttributeError, match="typo"):
            batcher.embed(images(1))
        assert values(batcher.embed(images(2))) == [2]


class OutOfMemoryError(RuntimeError):
    """Named as CUDA's."""


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OutOfMemoryError("CUDA"), RuntimeError("DefaultCPUAllocator: can't allocate memory")],
)
def test_when_memory_runs_out_batches_become_smaller(error: Exception) -> None:
    recorder = Recorder(lambda batch: error if len(batch) > 2 else None)
    with MicroBatcher(recorder, 4, max_wait_s=HOUR_S) as batcher:
        assert values(batcher.embed(images(1, 2, 3, 4))) == [1, 2, 3, 4]
        assert values(batcher.embed(images(5, 6, 7, 8))) == [5, 6, 7, 8]
    assert recorder.batches == [[1, 2, 3, 4], [1, 2], [3, 4], [5, 6], [7, 8]]


def test_closing_wakes_whoever_waits() -> None:
    recorder = Recorder()
    recorder.gate.clear()
    batcher = MicroBatcher(recorder, 1, max_wait_s=HOUR_S)
    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(batcher.embed, images(1, 2))
        assert recorder.called.acquire(timeout=60)
        closing = pool.submit(batcher.close)
        with pytest.raises(TransientError, match="closed"):
            call.result(60)
        recorder.gate.set()
        closing.result(60)
    with pytest.raises(TransientError, match="closed"):
        batcher.embed(images(3))
    assert recorder.batches == [[1]]


def test_no_thread_runs_before_the_first_image() -> None:
    before = threading.active_count()
    with MicroBatcher(Recorder(), 4):
        assert threading.active_count() == before


def test_images_that_come_while_the_model_loads_leave_in_full_batches():
    recorder = Recorder()
    recorder.gate.clear()
    with MicroBatcher(recorder, batch_size=4, max_wait_s=0) as batcher, ThreadPoolExecutor(4) as pool:
        batcher.warm_up()
        assert recorder.called.acquire(timeout=60)
        batcher.warm_up()
        embedded = [pool.submit(batcher.embed, images(value)) for value in range(4)]
        assert wait_until(lambda: len(batcher._queue) == 4, 60)
        recorder.gate.set()
        assert [values(each.result(60)) for each in embedded] == [[0], [1], [2], [3]]
    assert [len(batch) for batch in recorder.batches] == [1, 4], "the model's own picture, then all four"


def test_a_model_that_cannot_load_says_so_to_who_embeds():
    recorder = Recorder(refuse=lambda _: StoreUnavailable("no weights"))
    with MicroBatcher(recorder, batch_size=4) as batcher:
        batcher.warm_up()
        with pytest.raises(StoreUnavailable, match="no weights"):
            batcher.embed(images(1))


def test_a_model_that_is_in_use_needs_no_warming():
    recorder = Recorder()
    with MicroBatcher(recorder, batch_size=4) as batcher:
        batcher.embed(images(1))
        batcher.warm_up()
    assert recorder.batches == [[1]]
