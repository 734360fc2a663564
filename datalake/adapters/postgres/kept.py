"""Connections that a task keeps open from one transaction to the next.

Opening one costs the server a process and us several milliseconds, which is more than most transactions
take. They are kept for the time of a task or of the trigger that waits for work, so that other idle
processes hold none.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from psycopg2.extensions import connection

_MOST_KEPT = 4  # a process; a server allows a hundred in all by default


class _Kept:
    """Open connections that nobody uses, by URI. For any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._idle: list[tuple[str, connection]] = []

    def enter(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            left, self._idle = ([], self._idle) if self._users else (self._idle, [])
        for _, idle in left:
            idle.close()

    def taken(self, uri: str) -> connection | None:
        """One that is still open, if there is one."""
        while True:
            with self._lock:
                place = next((at for at, (known, _) in enumerate(self._idle) if known == uri), None)
                if place is None:
                    return None
                _, idle = self._idle.pop(place)
            if _is_open(idle):
                return idle
            idle.close()

    def put_back(self, uri: str, used: connection) -> None:
        with self._lock:
            is_kept = self._users > 0 and len(self._idle) < _MOST_KEPT
            if is_kept:
                self._idle.append((uri, used))
        if not is_kept:
            used.close()


_kept = _Kept()


@contextmanager
def kept_connections() -> Iterator[None]:
    """While it lasts, transactions of this process use the same few connections again."""
    _kept.enter()
    try:
        yield
    finally:
        _kept.leave()


@contextmanager
def lent(uri: str, connect: Callable[[str], connection]) -> Iterator[connection]:
    """A kept connection, or a new one; kept when the block ends well, closed when it does not."""
    used = _kept.taken(uri) or connect(uri)
    is_sound = False
    try:
        yield used
        is_sound = True
    finally:
        if is_sound:
            _kept.put_back(uri, used)
        else:
            used.close()


def _is_open(idle: connection) -> bool:
    """False where the server has closed it: an idle one has nothing to read but that."""
    if idle.closed:
        return False
    look = select.poll()  # takes descriptors of any number
    look.register(idle, select.POLLIN)
    return not look.poll(0)
