"""A whole stack in a home of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from datalake.embedded import stack
from datalake.embedded.process import ServerFailed
from datalake.embedded.stack import StackState

# Addresses of other stacks, and what makes every Airflow task slow.
FOREIGN = (
    "PG_CONN_URI",
    "QDRANT_URL",
    "SMTP_SERVER",
    "KAFKA_CLIENT_PROPERTIES",
    "LAKE_URI",
    "PYTHONDONTWRITEBYTECODE",
)


@contextmanager
def own_stack(
    home: Path, progress: Callable[[str], None] = print, variables: Mapping[str, str] | None = None
) -> Iterator[StackState]:
    """Start a stack in `home`, with these environment variables; nothing of it is left afterwards.

    Raises:
        ServerFailed: a component did not become healthy.
    """
    before = dict(os.environ)
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update({"DATALAKE_HOME": str(home), **(variables or {})})
    try:
        yield _up(progress)
    finally:
        with _uninterrupted():
            stack.down(progress)
        os.environ.clear()
        os.environ.update(before)


def _up(progress: Callable[[str], None]) -> StackState:
    """What is slow the first time, on a machine with much else to do, is there at the second."""
    try:
        return stack.up(progress)
    except ServerFailed as error:
        progress(f"trying once more: {error}")
        return stack.up(progress)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave half a stack behind."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
