"""Sources in a dictionary, for unit tests of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datalake.adapters.ports import SourceReader
from datalake.errors import BadVideo, PipelineError
from datalake.findings import finding
from datalake.uris import shown


class MemorySources(SourceReader):
    """Bytes by URI; an error in place of bytes is raised, a URI that is not there is missing."""

    def __init__(self, contents: Mapping[str, bytes | PipelineError], chunk_bytes: int = 64) -> None:
        self._contents, self._chunk_bytes = contents, chunk_bytes

    def chunks(self, uri: str) -> Iterator[bytes]:
        """The bytes, in small pieces."""
        content = self._contents.get(uri)
        if content is None:
            raise BadVideo(finding("source_missing", f"{shown(uri)}: not there"))
        if isinstance(content, PipelineError):
            raise content
        for start in range(0, len(content), self._chunk_bytes):
            yield content[start : start + self._chunk_bytes]
