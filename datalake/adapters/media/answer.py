"""What the child's requests give, and who answers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a request gives: JSON, and a file descriptor where there are pixels."""

    result: Any
    pixels_fd: int | None = None


Handlers = Mapping[str, Callable[..., Answer]]
