"""How tests read a source, whichever reader it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalake.adapters.ports import SourceReader
from datalake.adapters.sources import AllowedSources
from datalake.contracts import SourceFacts
from datalake.errors import BadVideo


def sources(home: Path, **options: object) -> AllowedSources:
    """A reader of everything on this machine that lies in `videos`."""
    limits: dict[str, object] = {"private_hosts": True, "timeout_s": 5.0} | options
    return AllowedSources(("file", "http", "https", "s3"), (Path("videos"),), home, **limits)  # type: ignore[arg-type]


def read(reader: SourceReader, uri: str) -> bytes:
    """All bytes of the source."""
    with reader.opened(uri) as source:
        return b"".join(source.chunks)


def stated(reader: SourceReader, uri: str) -> SourceFacts:
    """What the source says about its bytes; none is read."""
    with reader.opened(uri) as source:
        return source.facts


def refusal(reader: SourceReader, uri: str) -> tuple[str, str, str]:
    """Code, evidence and remedy of the finding that reading ends in."""
    with pytest.raises(BadVideo) as caught:
        read(reader, uri)
    finding = caught.value.finding
    return finding.code, finding.evidence, finding.remedy
