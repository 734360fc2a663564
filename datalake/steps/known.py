"""Records that the layer before has set."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def known(value: T | None) -> T:
    """The value, which the layer before has set.

    Raises:
        AssertionError: it has not; an error of our code.
    """
    if value is None:
        raise AssertionError("a layer was given a video that did not pass the one before")
    return value
