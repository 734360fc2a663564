"""A file's bytes, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

CHUNK_BYTES = 1024 * 1024


def read(file: BinaryIO) -> Iterator[bytes]:
    """The bytes from here to the end, a mebibyte at most at a time."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
