"""A stop sign for one video: set from outside, seen by whatever works on it.

Whoever sets the sign is in another thread. What can be looked at between two steps calls `check`; what waits
for something gives the sign a way to end that, with `calling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from datalake.errors import Stopped


class StopSign:
    """Set once, for good."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_set = False
        self._enders: list[Callable[[], None]] = []

    def set(self) -> None:
        """Stop the video; may be called again.

        Nobody leaves `calling` while `end` is called: what it ends is not yet somebody else's.
        """
        with self._lock:
            self._is_set = True
            for end in self._enders:
                end()
            self._enders.clear()

    def check(self) -> None:
        """Return if the video may go on.

        Raises:
            Stopped: it may not.
        """
        if self._is_set:
            raise Stopped("the message has ended elsewhere, or was cancelled")

    @contextmanager
    def calling(self, end: Callable[[], None]) -> Iterator[None]:
        """Have `end` called, in the other thread, if the sign is set inside the block.

        Raises:
            Stopped: it was set before.
        """
        with self._lock:
            self.check()
            self._enders.append(end)
        try:
            yield
        finally:
            with self._lock:
                if end in self._enders:
                    self._enders.remove(end)


_NOBODYS = StopSign()
_CURRENT: ContextVar[StopSign] = ContextVar("stop_sign", default=_NOBODYS)


def current_stop() -> StopSign:
    """The sign of the video that this thread works on; one that nobody sets where it works on none."""
    return _CURRENT.get()


@contextmanager
def stoppable(sign: StopSign) -> Iterator[None]:
    """Work on the sign's video inside the block."""
    before = _CURRENT.set(sign)
    try:
        yield
    finally:
        _CURRENT.reset(before)
