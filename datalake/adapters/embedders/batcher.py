"""Micro-batching: many videos at once feed one model, in batches that cross videos.

A batch leaves when it is full, when every producer that can bring more waits for its vectors, or when its
oldest image has waited for `max_wait_s` while the model was free. No thread watches for that: whoever changes
the state looks, and whoever waits looks once more when the time is over. One thread, started with the first
batch, runs the model.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from datalake.adapters.embedders.batch_results import PROBE, Result, batch_results
from datalake.adapters.embedders.wrapped import WrappedEmbedder
from datalake.adapters.ports import Embedder, Embedding, Image, Vector
from datalake.errors import TransientError


@dataclass(eq=False)
class _Request:
    """One call of `embed`: its images on their way, its results in order."""

    thread: int
    results: list[Embedding | None]
    missing: int
    error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.error is not None or self.missing == 0


@dataclass(eq=False)
class _Item:
    request: _Request
    index: int
    image: Image = field(repr=False)
    since_s: float


class MicroBatcher(WrappedEmbedder):
    """An embedder that many threads share; every call blocks until its vectors are there.

    Args:
        embedder: does the work; only ever called by one thread at a time.
        batch_size: images in one model call, at most; None: the embedder's. Where memory ran out, no more
            than fitted, until the embedder goes on on the CPU.
        max_wait_s: how long an image waits for company while the model is free. In half a second the first
            of many small videos fill a batch; a quarter was too short (benchmark `many-small`).
        clock: seconds, rising.
    """

    def __init__(
        self,
        embedder: Embedder,
        batch_size: int | None = None,
        max_wait_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._embedder, self._configured = embedder, batch_size
        self._fitting: dict[bool, int] = {}  # images, where memory ran out; False: on the GPU, True: off it
        self._max_wait_s, self._clock = max_wait_s, clock
        self._changed = threading.Condition()
        self._queue: deque[_Item] = deque()
        self._producers: dict[int, Callable[[int], bool]] = {}
        self._waiting: set[_Request] = set()
        self._model = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embed")
        self._is_running = self._is_closed = self._is_warm = False
        self._free_since_s = 0.0

    def __enter__(self) -> MicroBatcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def batch_size(self) -> int:
        """Images in one model call, at most."""
        most = self._embedder.batch_size if self._configured is None else self._configured
        return min(most, self._fitting.get(bool(self._embedder.on_cpu_because), most))

    @contextmanager
    def producer(self, is_served: Callable[[int], bool] = lambda _: True) -> Iterator[None]:
        """Registers the calling thread: until it leaves, a batch may wait for its images.

        Args:
            is_served: false of a thread that can bring none until others have their vectors.
        """
        thread = threading.get_ident()
        with self._changed:
            self._producers[thread] = is_served
        try:
            yield
        finally:
            with self._changed:
                del self._producers[thread]
                self._start_due_batch()

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        """One embedding an image, in order; blocks.

        Raises:
            BadVideo: the model takes other images, but not one of these (`embedding_failed`).
            TransientError: the batcher was closed meanwhile.
        """
        if not images:
            return []
        with self._changed:
            request = self._enqueued(images)
            try:
                while not request.is_done:
                    due_in_s = self._start_due_batch()
                    if not request.is_done:
                        self._changed.wait(due_in_s)
            finally:
                self._waiting.discard(request)
        if request.error is not None:
            raise request.error
        return [result for result in request.results if result is not None]

    def warm_up(self) -> None:
        """Have the model's thread load its weights now, once; what goes wrong there, `embed` meets again."""
        with self._changed:
            if self._is_warm or self._is_closed:
                return
            self._is_running = self._is_warm = True
            self._model.submit(self._embedder.embed, [PROBE]).add_done_callback(self._set_free)

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text; unbatched."""
        return self._embedder.embed_text(texts)

    def close(self) -> None:
        """Wake everybody who waits with an error, and end the model's thread."""
        with self._changed:
            self._is_closed = True
            for request in list(self._waiting):
                self._finish(request, _closed())
            self._changed.notify_all()
        self._model.shutdown(wait=True, cancel_futures=True)

    def _enqueued(self, images: Sequence[Image]) -> _Request:
        if self._is_closed:
            raise _closed()
        request = _Request(threading.get_ident(), [None] * len(images), len(images))
        self._waiting.add(request)
        now_s = self._clock()
        self._queue.extend(_Item(request, index, image, now_s) for index, image in enumerate(images))
        return request

    def _start_due_batch(self) -> float | None:
        """Hand a batch to the model if one is due; else seconds until one is, None for until told."""
        if self._is_running or not self._queue or self._is_closed:
            return None
        due_in_s = max(self._queue[0].since_s, self._free_since_s) + self._max_wait_s - self._clock()
        full = self.batch_size
        if len(self._queue) < full and due_in_s > 0 and self._are_some_to_come():
            return due_in_s
        batch = [self._queue.popleft() for _ in range(min(full, len(self._queue)))]
        self._is_running = self._is_warm = True
        running = self._model.submit(self._results, [item.image for item in batch])
        # a batch that is through already is delivered right here, by this thread
        running.add_done_callback(lambda done: self._deliver(batch, done))
        return self._start_due_batch()

    def _are_some_to_come(self) -> bool:
        """True when a producer that can bring images does not wait for vectors."""
        waiting = {request.thread for request in self._waiting}
        return any(
            thread not in waiting and is_served(thread) for thread, is_served in self._producers.items()
        )

    def _deliver(self, batch: list[_Item], done: Future[list[Result]]) -> None:
        """Give out a batch's results and look for the next; runs in the model's thread."""
        error = _closed() if done.cancelled() else done.exception()
        results: list[Result] = [error] * len(batch) if error else done.result()
        with self._changed:
            for item, result in zip(batch, results, strict=True):
                self._give(item, result)
            self._set_free(done)

    def _set_free(self, _: object) -> None:
        with self._changed:
            self._is_running, self._free_since_s = False, self._clock()
            self._start_due_batch()
            self._changed.notify_all()

    def _give(self, item: _Item, result: Result) -> None:
        request = item.request
        if isinstance(result, BaseException):
            self._finish(request, result)
        elif not request.is_done:
            request.results[item.index] = result
            request.missing -= 1
            if request.missing == 0:
                self._waiting.discard(request)

    def _finish(self, request: _Request, error: BaseException) -> None:
        """End a request by an error; what of it is still queued goes."""
        request.error = request.error or error
        self._waiting.discard(request)
        self._queue = deque(item for item in self._queue if item.request is not request)

    def _results(self, images: list[Image]) -> list[Result]:
        return batch_results(self._embedder, images, self._shrink)

    def _shrink(self, images: int) -> None:
        self._fitting[bool(self._embedder.on_cpu_because)] = min(self.batch_size, images)


def _closed() -> TransientError:
    return TransientError("the embedder was closed while images waited for it; the task tries again")
