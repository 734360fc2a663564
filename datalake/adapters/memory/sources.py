"""Sources in a dictionary, for unit tests of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from datalake.adapters.ports import OpenSource, SourceReader
from datalake.contracts import SourceFacts
from datalake.errors import BadVideo, PipelineError
from datalake.findings import finding
from datalake.uris import shown


class MemorySources(SourceReader):
    """Bytes by URI; an error in place of bytes is raised, a URI that is not there is missing.

    Args:
        contents: what is at each URI.
        chunk_bytes: size of a piece.
        stated: facts by URI; the others state their URI and size.
    """

    def __init__(
        self,
        contents: Mapping[str, bytes | PipelineError],
        chunk_bytes: int = 64,
        stated: Mapping[str, SourceFacts] | None = None,
    ) -> None:
        self._contents, self._chunk_bytes, self._stated = contents, chunk_bytes, stated or {}

    @contextmanager
    def opened(self, uri: str) -> Iterator[OpenSource]:
        """The bytes, in small pieces."""
        content = self._contents.get(uri)
        if content is None:
            raise BadVideo(finding("source_missing", f"{shown(uri)}: not there"))
        if isinstance(content, PipelineError):
            raise content
        facts = self._stated.get(uri) or SourceFacts(uri=shown(uri), size_bytes=len(content))
        yield OpenSource(facts, self._pieces(content))

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), self._chunk_bytes):
            yield content[start : start + self._chunk_bytes]
