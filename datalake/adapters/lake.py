"""The lake: objects by key under LAKE_URI, on a file system or an S3 store, written once and never half."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from datalake.adapters.lake_parts import SCRATCH, checked, guarded, is_full, lost
from datalake.adapters.ports import Lake
from datalake.adapters.s3_lake import S3Lake
from datalake.adapters.scratch import remove_stale
from datalake.errors import ConfigurationError, StoreUnavailable


def open_lake(lake_uri: str, home: Path, s3_endpoint_url: str = "") -> Lake:
    """The lake that `lake_uri` names; a relative `file://` path is looked up in `home`.

    Raises:
        ConfigurationError: neither a file:// nor an s3:// URI.
    """
    scheme, separator, rest = lake_uri.partition("://")
    openers: dict[str, Callable[[], Lake]] = {
        "file": lambda: FileLake(home / rest),
        "s3": lambda: S3Lake(rest, s3_endpoint_url),
    }
    if not separator or not rest or scheme not in openers:
        raise ConfigurationError(f"LAKE_URI={lake_uri!r}: give a file:// or s3:// URI")
    return openers[scheme]()


class FileLake(Lake):
    """The lake in a folder; objects appear by a hard link, so none is ever half or replaced."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_file(self, key: str, path: Path) -> None:
        """Publish by linking (same disk) or by way of a copy; `path` must not be changed afterwards."""
        with path.open("rb") as file, self._writable():
            os.fsync(file.fileno())
            self._publish(path, self._path(key))

    def put_bytes(self, key: str, data: bytes) -> None:
        """Publish bytes by way of a temporary file."""
        path = self._root / SCRATCH / uuid.uuid4().hex
        with self._writable():
            try:
                with _created(path) as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                self._publish(path, self._path(key))
            finally:
                path.unlink(missing_ok=True)

    def read_bytes(self, key: str) -> bytes:
        """The whole object."""
        with self._readable(key):
            return self._path(key).read_bytes()

    def open(self, key: str) -> BinaryIO:
        """A seekable reader."""
        return guarded(lambda: self._path(key).open("rb"), lambda: self._readable(key))

    def exists(self, key: str) -> bool:
        """True when the object was published."""
        with self._readable(key):
            return self._path(key).exists()

    @contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        """The object itself."""
        path = self._path(key)
        with self._readable(key):
            path.stat()
        yield path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder under the lake's root, so that publishing is a link."""
        folder = self._root / SCRATCH / uuid.uuid4().hex
        with self._writable():
            folder.mkdir(parents=True)
            remove_stale(folder.parent, "*")
        try:
            yield folder
        except OSError as error:
            if is_full(error):
                raise self._unavailable(error) from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def uri(self, key: str) -> str:
        """A file:// URI."""
        return self._path(key).absolute().as_uri()

    def _path(self, key: str) -> Path:
        return self._root / checked(key)

    def _publish(self, path: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with suppress(FileExistsError):
                os.link(path, target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            self._publish_copy(path, target)
        _sync_folder(target.parent)

    def _publish_copy(self, path: Path, target: Path) -> None:
        """For another disk, or a file system without links: copy beside the target, then rename."""
        if target.exists():
            return
        copy = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            shutil.copyfile(path, copy)
            with copy.open("rb") as file:
                os.fsync(file.fileno())
            copy.replace(target)
        finally:
            copy.unlink(missing_ok=True)

    @contextmanager
    def _readable(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise lost(self.uri(key)) from error
        except OSError as error:
            raise StoreUnavailable(
                f"{self.uri(key)} cannot be read ({error.strerror}): check the disk and its permissions"
            ) from error

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: OSError) -> StoreUnavailable:
        remedy = "free space there" if is_full(error) else "check the folder and its permissions"
        return StoreUnavailable(
            f"the lake folder {self._root} cannot be written ({error.strerror}): {remedy}, or set LAKE_URI"
        )


def _created(path: Path) -> BinaryIO:
    """A new file; its folder is made by the first one that finds it missing."""
    try:
        return path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
