"""Reads from the lake, also those long after the opening: every failure becomes one of the store."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO

Guard = Callable[[], AbstractContextManager[None]]


class GuardedFile(io.RawIOBase):
    """A seekable file whose reads and seeks run inside `guard`, which translates errors.

    Args:
        file: what is read; closed with this one.
        guard: makes a context manager for one call.
    """

    def __init__(self, file: BinaryIO, guard: Guard) -> None:
        super().__init__()
        self._file, self._guard = file, guard

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer; the number of bytes, 0 at the end."""
        with self._guard():
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """The new position."""
        with self._guard():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The position."""
        return self._file.tell()

    def close(self) -> None:
        """Close both."""
        self._file.close()
        super().close()


def guarded(open_file: Callable[[], BinaryIO], guard: Guard) -> BinaryIO:
    """Open a file for reading, with every later read inside `guard` as well."""
    with guard():
        return io.BufferedReader(GuardedFile(open_file(), guard))
