"""A lake in a dictionary, for unit tests of layers."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from datalake.adapters.ports import Lake
from datalake.errors import StoreUnavailable


class MemoryLake(Lake):
    """Objects by key; `objects` is there to be looked at, `writes` counts what was really written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.writes = 0

    def put_file(self, key: str, path: Path) -> None:
        """Keep the file's bytes, unless the key is taken."""
        self.put_bytes(key, path.read_bytes())

    def put_bytes(self, key: str, data: bytes) -> None:
        """Keep the bytes, unless the key is taken."""
        if key not in self.objects:
            self.objects[key] = bytes(data)
            self.writes += 1

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        """One after the other: nothing here has to be waited for."""
        for key, data in objects.items():
            self.put_bytes(key, data)

    def read_bytes(self, key: str) -> bytes:
        """The whole object."""
        if key not in self.objects:
            raise StoreUnavailable(f"{self.uri(key)} is not in the lake")
        return self.objects[key]

    def open(self, key: str) -> BinaryIO:
        """A reader over the object."""
        return io.BytesIO(self.read_bytes(key))

    def exists(self, key: str) -> bool:
        """True when the object was put."""
        return key in self.objects

    @contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        """A copy that goes away."""
        data = self.read_bytes(key)
        with self.scratch() as folder:
            path = folder / Path(key).name
            path.write_bytes(data)
            yield path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A temporary folder."""
        with tempfile.TemporaryDirectory(prefix="lake-") as folder:
            yield Path(folder)

    def uri(self, key: str) -> str:
        """A memory:// URI."""
        return f"memory://{key}"
