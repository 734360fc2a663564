"""The lake: objects by key under LAKE_URI, on a file system or an S3 store, written once and never half."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import fsspec
from botocore.exceptions import BotoCoreError

from datalake.adapters.lake_reads import guarded
from datalake.adapters.ports import Lake
from datalake.adapters.scratch import remove_stale
from datalake.errors import ConfigurationError, StoreUnavailable

_SCRATCH = ".scratch"
_TEMPORARY = "datalake-scratch-"


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
        with self.scratch() as folder:
            path = folder / "bytes"
            with self._writable():
                path.write_bytes(data)
            self.put_file(key, path)

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
        folder = self._root / _SCRATCH / uuid.uuid4().hex
        with self._writable():
            folder.mkdir(parents=True)
            remove_stale(folder.parent, "*")
        try:
            yield folder
        except OSError as error:
            if _is_full(error):
                raise self._unavailable(error) from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def uri(self, key: str) -> str:
        """A file:// URI."""
        return self._path(key).absolute().as_uri()

    def _path(self, key: str) -> Path:
        return self._root / _checked(key)

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
            raise _lost(self.uri(key)) from error
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
        remedy = "free space there" if _is_full(error) else "check the folder and its permissions"
        return StoreUnavailable(
            f"the lake folder {self._root} cannot be written ({error.strerror}): {remedy}, or set LAKE_URI"
        )


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
            if _is_full(error):
                raise StoreUnavailable(
                    f"{tempfile.gettempdir()} is full: free space there, or set TMPDIR"
                ) from error
            raise

    def uri(self, key: str) -> str:
        """An s3:// URI."""
        return f"s3://{self._path(key)}"

    def _path(self, key: str) -> str:
        return f"{self._root}/{_checked(key)}"

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
            raise _lost(self.uri(key)) from error

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
            if isinstance(error, OSError) and _is_full(error):
                raise
            raise self._unavailable(error) from error

    def _unavailable(self, reason: object) -> StoreUnavailable:
        return StoreUnavailable(f"s3://{self._root}: {reason}; check LAKE_URI and S3_ENDPOINT_URL")


def _checked(key: str) -> str:
    """The key, if it stays inside the lake."""
    parts = PurePosixPath(key).parts
    if not parts or parts[0] in ("/", _SCRATCH) or ".." in parts:
        raise ValueError(f"not a lake key: {key!r}")
    return key


def _lost(uri: str) -> StoreUnavailable:
    return StoreUnavailable(f"{uri} is not in the lake: check LAKE_URI, or bring the object back")


def _is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
