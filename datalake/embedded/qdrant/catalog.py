"""All collections under one data folder, which one process owns at a time."""

from __future__ import annotations

import fcntl
import shutil
import threading
from pathlib import Path
from typing import IO
from uuid import uuid4

from datalake.embedded.qdrant.collection import Collection
from datalake.embedded.qdrant.errors import BadRequest, Conflict, DataFolderError, NotFound
from datalake.embedded.qdrant.spec import SPEC_FILE, Spec, sync_folder

_HALF_DONE = ".half-"  # a collection that is being made or thrown away
_FORBIDDEN = frozenset('<>:"/\\|?*') | {chr(code) for code in range(32)} | {"\x7f"}


class Catalog:
    """Creates, finds and drops collections; a collection is on the disk wholly or not at all."""

    def __init__(self, data: Path) -> None:
        """Own `data`, remove what a crash left half done, and open every collection.

        Raises:
            DataFolderError: another process owns the folder, or a collection in it cannot be read.
        """
        self._folder = data / "collections"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._owner = _owned(data / "lock")
        self._changing = threading.Lock()
        self._collections: dict[str, Collection] = {}
        for leftover in self._folder.glob(f"{_HALF_DONE}*"):
            shutil.rmtree(leftover)
        try:
            for spec in sorted(self._folder.glob(f"*/{SPEC_FILE}")):
                self._collections[spec.parent.name] = _opened(spec.parent)
        except DataFolderError:
            self.close()
            raise

    def close(self) -> None:
        """Close every collection and give the folder up."""
        with self._changing:
            for collection in self._collections.values():
                collection.close()
            self._collections.clear()
            self._owner.close()

    def names(self) -> list[str]:
        """Names of the collections, sorted."""
        return sorted(self._collections)

    def get(self, name: str) -> Collection:
        """The collection.

        Raises:
            NotFound: there is none of that name.
        """
        collection = self._collections.get(name)
        if collection is None:
            raise NotFound(f"Collection `{name}` doesn't exist")
        return collection

    def create(self, spec: Spec) -> None:
        """Make an empty collection; it is on the disk when this returns.

        Raises:
            BadRequest: the name cannot be a collection's.
            Conflict: there is one of that name.
        """
        _check_name(spec.name)
        with self._changing:
            if spec.name in self._collections:
                raise Conflict(f"Collection `{spec.name}` already exists")
            draft = self._folder / f"{_HALF_DONE}{uuid4().hex}"
            draft.mkdir()
            Collection.create(draft, spec)
            folder = draft.rename(self._folder / spec.name)
            sync_folder(self._folder)
            self._collections[spec.name] = Collection(folder)

    def drop(self, name: str) -> bool:
        """Delete a collection; False when there is none of that name."""
        with self._changing:
            collection = self._collections.pop(name, None)
            if collection is None:
                return False
            collection.close()
            remains = (self._folder / name).rename(self._folder / f"{_HALF_DONE}{uuid4().hex}")
            sync_folder(self._folder)
        shutil.rmtree(remains)
        return True


def _check_name(name: str) -> None:
    if not name or name.startswith(".") or len(name.encode()) > 200 or not _FORBIDDEN.isdisjoint(name):
        raise BadRequest(
            f"Collection name {name!r} is not allowed: 1 to 200 bytes, no leading dot, "
            "no control character and none of " + "".join(sorted('<>:"/\\|?*'))
        )


def _owned(path: Path) -> IO[bytes]:
    owner = path.open("ab")
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner.close()
        raise DataFolderError(
            f"{path.parent} is served by another process; stop it or choose another --data"
        ) from error
    return owner


def _opened(folder: Path) -> Collection:
    # The engine raises plain Exception for a folder that it cannot read: there is nothing narrower to catch.
    try:
        return Collection(folder)
    except Exception as error:
        raise DataFolderError(
            f"the collection in {folder} cannot be read ({error}); move the folder away and fill the "
            "collection again from the lake"
        ) from error
