"""What both kinds of lake share: keys, the words of a failure, and reads that fail in these words."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import BinaryIO

from datalake.errors import StoreUnavailable

SCRATCH = ".scratch"
Guard = Callable[[], AbstractContextManager[None]]


def checked(key: str) -> str:
    """The key, if it stays inside the lake; ValueError otherwise."""
    parts = PurePosixPath(key).parts
    if not parts or parts[0] in ("/", SCRATCH) or ".." in parts:
        raise ValueError(f"not a lake key: {key!r}")
    return key


def lost(uri: str) -> StoreUnavailable:
    """The error of an object that is named somewhere and is not there."""
    return StoreUnavailable(f"{uri} is not in the lake: check LAKE_URI, or bring the object back")


def is_full(error: OSError) -> bool:
    """True when no space or no quota is left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


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
