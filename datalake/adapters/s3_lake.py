"""The lake in an S3 bucket."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import fsspec
from botocore.exceptions import BotoCoreError

from datalake.adapters.lake_parts import checked, guarded, is_full, lost
from datalake.adapters.ports import Lake
from datalake.adapters.scratch import remove_stale
from datalake.errors import StoreUnavailable

_TEMPORARY = "datalake-scratch-"


class S3Lake(Lake):
    """The lake in an S3 bucket; objects appear by a conditional put."""

    def __init__(self, root: str, endpoint_url: str = "") -> None:
        self._root = root.rstrip("/")
        self._s3: Any = fsspec.filesystem("s3", endpoint_url=endpoint_url or None, use_listings_cache=False)

    def put_file(self, key: str, path: Path) -> None:
        """Upload unless the object is there; the store refuses a second writer."""
        self._create(key, lambda target: self._s3.put_file(str(path), target, mode="create"))

    def put_bytes(self, key: str, data: bytes) -> None:
        """Upload unless the object is there."""
        self._create(key, lambda target: self._s3.pipe_file(target, data, mode="create"))

    def read_bytes(self, key: str) -> bytes:
        """The whole object."""
        with self._readable(key):
            return cast("bytes", self._s3.cat_file(self._path(key)))

    def open(self, key: str) -> BinaryIO:
        """A seekable reader by ranged gets."""
        return guarded(lambda: self._s3.open(self._path(key), "rb"), lambda: self._readable(key))

    def exists(self, key: str) -> bool:
        """True when the object was published."""
        with self._reachable():
            return bool(self._s3.exists(self._path(key)))

    @contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        """A copy that goes away."""
        with self.scratch() as folder:
            path = folder / PurePosixPath(key).name
            with self._readable(key):
                self._s3.get_file(self._path(key), str(path))
            yield path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A temporary folder of this machine (TMPDIR)."""
        remove_stale(Path(tempfile.gettempdir()), f"{_TEMPORARY}*")
        try:
            with tempfile.TemporaryDirectory(prefix=_TEMPORARY) as folder:
                yield Path(folder)
        except OSError as error:
            if is_full(error):
                raise StoreUnavailable(
                    f"{tempfile.gettempdir()} is full: free space there, or set TMPDIR"
                ) from error
            raise

    def uri(self, key: str) -> str:
        """An s3:// URI."""
        return f"s3://{self._path(key)}"

    def _path(self, key: str) -> str:
        return f"{self._root}/{checked(key)}"

    def _create(self, key: str, upload: Callable[[str], object]) -> None:
        if self.exists(key):
            return
        try:
            with self._reachable(), suppress(FileExistsError):
                upload(self._path(key))
        except FileNotFoundError as error:
            raise self._unavailable("no such bucket; create it") from error
        except StoreUnavailable:  # some stores word "another writer was first" in their own way
            if not self.exists(key):
                raise

    @contextmanager
    def _readable(self, key: str) -> Iterator[None]:
        try:
            with self._reachable():
                yield
        except FileNotFoundError as error:
            raise lost(self.uri(key)) from error

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Every failure of the store but "no such object" and "exists" is StoreUnavailable.

        A full disk is of this machine; `scratch` speaks about that.
        """
        try:
            yield
        except (FileNotFoundError, FileExistsError):
            raise
        except (OSError, BotoCoreError) as error:
            if isinstance(error, OSError) and is_full(error):
                raise
            raise self._unavailable(error) from error

    def _unavailable(self, reason: object) -> StoreUnavailable:
        return StoreUnavailable(f"s3://{self._root}: {reason}; check LAKE_URI and S3_ENDPOINT_URL")
