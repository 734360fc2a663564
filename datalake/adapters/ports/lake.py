"""Where bytes come from, and where they are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from datalake.contracts import SourceFacts

_AT_ONCE = 8


class Lake(ABC):
    """Objects by key under LAKE_URI; a key is written once and never half.

    Reading raises StoreUnavailable where the store or the object is away, also late, in a file from `open`.
    """

    @abstractmethod
    def put_file(self, key: str, path: Path) -> None:
        """Publish a local file atomically; an existing object is left as it is.

        Raises:
            StoreUnavailable: the store cannot be reached or is full.
        """

    @abstractmethod
    def put_bytes(self, key: str, data: bytes) -> None:
        """Publish bytes atomically; an existing object is left as it is."""

    def put_many(self, objects: Mapping[str, bytes]) -> None:
        """`put_bytes` of each; a disk and a store take a handful at once in the time of one.

        Raises:
            StoreUnavailable: one of them is not there; others may be.
        """
        if not objects:
            return
        with ThreadPoolExecutor(min(_AT_ONCE, len(objects)), thread_name_prefix="lake") as threads:
            list(threads.map(self.put_bytes, objects.keys(), objects.values()))

    @abstractmethod
    def read_bytes(self, key: str) -> bytes:
        """The whole object; for small ones."""

    @abstractmethod
    def open(self, key: str) -> BinaryIO:
        """A seekable reader."""

    @abstractmethod
    def exists(self, key: str) -> bool:
        """True when the object was published."""

    @abstractmethod
    def local_path(self, key: str) -> AbstractContextManager[Path]:
        """A local file with the object's bytes: the object itself, or a copy that goes away."""

    @abstractmethod
    def scratch(self) -> AbstractContextManager[Path]:
        """A private temporary folder on the lake's own disk where possible, removed at the end."""

    @abstractmethod
    def uri(self, key: str) -> str:
        """The object's URI, for people and other tools."""


@dataclass(frozen=True)
class OpenSource:
    """A source being read: what it says about itself, and its bytes."""

    facts: SourceFacts
    chunks: Iterator[bytes]


class SourceReader(ABC):
    """Reads what a message's URI names, within the allow-list."""

    @abstractmethod
    def opened(self, uri: str) -> AbstractContextManager[OpenSource]:
        """The source; opening it and reading its chunks raise alike.

        Raises:
            BadVideo: the URI is not allowed, does not exist or is too large.
            SourceUnavailable: its host is away, broke off or is too slow, or the bytes changed meanwhile.
        """
