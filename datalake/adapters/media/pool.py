"""So many children at once, started ahead and replaced after any failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Event, Thread, get_ident
from types import TracebackType
from typing import Self, TypeVar

from datalake.adapters.media.limits import Limits
from datalake.adapters.media.process import ENDED, ENTRY, Child
from datalake.errors import BadVideo
from datalake.stopping import StopSign, current_stop

_LOOK_S = 0.1  # a child that eats a gigabyte a second is found a tenth of one too late
_POLL_S = 0.5

Result = TypeVar("Result")


def tried_twice(step: Callable[[], Result]) -> Result:
    """What a step gives; where its child ended, what it gives with another one.

    The kernel may have picked the child when memory ran short, a service stop may have hit it, or the machine
    stood still: only what ends two children is the video's doing.

    Raises:
        BadVideo: the step's own, the second one where the first was the end of its child.
    """
    try:
        return step()
    except BadVideo as bad:
        if bad.finding.code not in ENDED:
            raise
    return step()


class ChildPool:
    """One child per slot, started ahead; a child that failed is replaced. A context manager.

    A thread looks at the memory of all of them, for a child also eats while nobody waits for its answer.
    """

    def __init__(self, slots: int, limits: Limits, entry: str = ENTRY) -> None:
        self._slots, self._limits, self._entry = slots, limits, entry
        self._idle: SimpleQueue[Future[Child]] = SimpleQueue()
        self._children: set[Child] = set()
        self._waiting: set[int] = set()  # threads
        # The parent-death signal follows the thread that started the child: one thread, as old as the pool.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="media-children")
        self._is_closed = Event()
        self._watch = Thread(target=self._watch_memory, name="media-memory", daemon=True)

    @property
    def limits(self) -> Limits:
        """Of each child."""
        return self._limits

    def __enter__(self) -> Self:
        for _ in range(self._slots):
            self._start_one()
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed.set()
        self._watch.join()
        self._starter.shutdown(cancel_futures=True)
        for child in list(self._children):
            child.kill()

    def serves(self, thread: int) -> bool:
        """False while a thread waits for a child and all are taken."""
        return thread not in self._waiting or not self._idle.empty()

    @contextmanager
    def lease(self) -> Iterator[Child]:
        """A child for as long as the block lasts; waits while all are taken.

        Raises:
            Stopped: the video that this thread works on must not go on; no child is touched.
            MachineBusy: a child cannot start.
        """
        stop = current_stop()
        future = self._next_idle(stop)
        child: Child | None = None
        try:
            child = future.result()
            if not child.is_alive:  # died while idle: nobody's video is to blame
                self._children.discard(child)
                child.kill()
                child = self._starter.submit(self._start).result()
                future = Future()
                future.set_result(child)
            with stop.calling(child.kill_at_once):
                child.wait_until_ready()
                yield child
        finally:
            self._take_back(future, child)

    def _next_idle(self, stop: StopSign) -> Future[Child]:
        thread = get_ident()
        self._waiting.add(thread)
        try:
            while True:
                stop.check()
                with suppress(Empty):
                    return self._idle.get(timeout=_POLL_S)
        finally:
            self._waiting.discard(thread)

    def _take_back(self, future: Future[Child], child: Child | None) -> None:
        if child is not None and child.is_alive and not child.is_busy:
            self._idle.put(future)
            return
        if child is not None:
            self._children.discard(child)
            child.kill()
        self._start_one()

    def _watch_memory(self) -> None:
        while not self._is_closed.wait(_LOOK_S):
            with suppress(OSError):  # no descriptor to look with now: there may be one at the next look
                self._kill_the_too_large()

    def _kill_the_too_large(self) -> None:
        # not in the loop that waits: its variable would keep a child that is gone, and its pixels
        for child in list(self._children):
            child.kill_if_too_large()

    def _start_one(self) -> None:
        self._idle.put(self._starter.submit(self._start))

    def _start(self) -> Child:
        child = Child(self._limits, self._entry)
        self._children.add(child)
        return child
