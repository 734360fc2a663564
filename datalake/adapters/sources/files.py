"""Files in allowed folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from datalake.adapters.ports import OpenSource, SourceReader
from datalake.adapters.sources.errors import changed, file_troubles, not_allowed, parsing
from datalake.adapters.sources.facts import facts_of_file
from datalake.adapters.sources.reading import read
from datalake.errors import BadVideo
from datalake.findings import finding
from datalake.uris import shown


class FileSources(SourceReader):
    """Reads `file://` URIs and paths that lie in one of the folders.

    Args:
        roots: folders that files must lie in, after symbolic links; relative ones in `home`.
        home: folder that relative paths are looked up in.
    """

    def __init__(self, roots: Sequence[Path], home: Path) -> None:
        self._home, self._roots = home, tuple((home / root).resolve() for root in roots)

    @contextmanager
    def opened(self, uri: str) -> Iterator[OpenSource]:
        """The file; size, modification and inode are looked at before and after reading.

        Only what leaves all three as they were goes unnoticed.

        Raises:
            BadVideo: source_not_allowed, source_missing or source_unreadable.
            SourceUnavailable: its disk failed, or it was written, replaced or removed while it was read.
        """
        path = self._path(uri)
        with ExitStack() as stack:
            with file_troubles(uri):
                file = stack.enter_context(open(path, "rb", opener=_opener))
                before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise BadVideo(finding("source_unreadable", f"{shown(uri)}: not a regular file"))
            yield OpenSource(
                facts_of_file(uri, before.st_size, before.st_mtime_ns), _chunks(uri, path, file, before)
            )

    def _path(self, uri: str) -> Path:
        with parsing(uri):
            # not Path.resolve(): before Python 3.13 that raises RuntimeError for a circle of links
            path = Path(os.fsdecode(os.path.realpath(os.fsencode(self._home / _file_path(uri)))))
        if not any(path.is_relative_to(root) for root in self._roots):
            raise not_allowed(f"{shown(uri)}: outside the allowed folders", "SOURCE_ROOTS")
        return path


def _opener(path: str, flags: int) -> int:
    # O_NONBLOCK: a FIFO would make open() wait; it has no effect on regular files
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def _chunks(uri: str, path: Path, file: BinaryIO, before: os.stat_result) -> Iterator[bytes]:
    with file_troubles(uri):
        yield from read(file)
        written = _difference(before, os.fstat(file.fileno()))
        if written:
            raise changed(uri, written)
        try:
            now = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            raise changed(uri, "it was removed") from None
    if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
        raise changed(uri, f"{before.st_size} bytes, then another file of {now.st_size}")


def _difference(before: os.stat_result, after: os.stat_result) -> str:
    """What was done to the open file; empty: nothing."""
    if before.st_size != after.st_size:
        return f"{before.st_size} bytes, then {after.st_size}"
    return "it was written to" if before.st_mtime_ns != after.st_mtime_ns else ""


def _file_path(uri: str) -> str:
    if "://" not in uri:
        return uri
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise not_allowed(f"{shown(uri)}: names another host", "SOURCE_ROOTS, and mount it")
    return unquote(parts.path)
