"""Which sources are read at all, how large and how slow they may be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from datalake.adapters.ports import OpenSource, SourceReader
from datalake.adapters.sources.errors import changed, not_allowed
from datalake.adapters.sources.files import FileSources
from datalake.adapters.sources.s3 import S3Sources
from datalake.adapters.sources.web import WebSources
from datalake.errors import BadVideo, SourceUnavailable
from datalake.findings import finding
from datalake.stopping import current_stop
from datalake.uris import shown

_GRACE_S = 60.0
_LEAST_BYTES_PER_S = 1024


class AllowedSources(SourceReader):
    """Reads file, http(s) and s3 URIs within an allow-list.

    Args:
        schemes: allowed URI schemes; a path without a scheme counts as `file`.
        roots: folders that files must lie in, after symbolic links; relative ones in `home`.
        home: folder that relative paths are looked up in.
        private_hosts: also connect to private, loopback and link-local addresses.
        max_bytes: a longer source is refused.
        timeout_s: a source that is silent so long is given up.
        max_s: a source that takes longer in all is given up.
        grace_s: after so long, a source slower than 1 KiB/s on average is given up.
        s3_endpoint_url: S3 endpoint other than AWS; empty: AWS.
    """

    def __init__(
        self,
        schemes: Sequence[str],
        roots: Sequence[Path],
        home: Path,
        *,
        private_hosts: bool = False,
        max_bytes: int = 50 * 1024**3,
        timeout_s: float = 60.0,
        max_s: float = 6 * 3600.0,
        grace_s: float = _GRACE_S,
        s3_endpoint_url: str = "",
    ) -> None:
        web = WebSources(private_hosts, timeout_s, max_s)
        files, s3 = FileSources(roots, home), S3Sources(s3_endpoint_url, timeout_s)
        known: dict[str, SourceReader] = {"file": files, "http": web, "https": web, "s3": s3}
        allowed = {scheme.lower() for scheme in schemes}
        self._readers = {scheme: reader for scheme, reader in known.items() if scheme in allowed}
        self._max_bytes, self._max_s, self._grace_s = max_bytes, max_s, grace_s

    @contextmanager
    def opened(self, uri: str) -> Iterator[OpenSource]:
        """The source, its bytes a mebibyte at a time; refused before the first where that can be known.

        Raises:
            BadVideo: source_not_allowed, source_missing, source_unreadable or too_large.
            SourceUnavailable: its host or disk failed, fell silent or is too slow, or the bytes changed
                while they were read; try again.
        """
        scheme = _scheme(uri)
        if scheme not in self._readers:
            raise not_allowed(f"{shown(uri)}: scheme {scheme!r}", "SOURCE_SCHEMES")
        started_s = time.monotonic()
        with self._readers[scheme].opened(uri) as source:
            self._check_size(uri, source.facts.size_bytes or 0)
            yield replace(source, chunks=self._watched(uri, source, started_s))

    def _watched(self, uri: str, source: OpenSource, started_s: float) -> Iterator[bytes]:
        total, stated = 0, source.facts.size_bytes
        for chunk in source.chunks:
            current_stop().check()
            total += len(chunk)
            self._check_size(uri, total)
            self._check_pace(uri, total, time.monotonic() - started_s)
            yield chunk
        if stated not in (None, total):
            raise changed(uri, f"{stated} bytes stated, {total} read")

    def _check_size(self, uri: str, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise BadVideo(finding("too_large", f"{shown(uri)}: more than {self._max_bytes} bytes"))

    def _check_pace(self, uri: str, size_bytes: int, passed_s: float) -> None:
        is_late = passed_s > self._max_s
        if is_late or (passed_s > self._grace_s and size_bytes < _LEAST_BYTES_PER_S * passed_s):
            limit = f"SOURCE_MAX_S={self._max_s:g}" if is_late else f"{_LEAST_BYTES_PER_S} bytes/s"
            raise SourceUnavailable(
                f"{shown(uri)}: {size_bytes} bytes in {passed_s:.1f} s, the limit is {limit}; check its host"
            )


def _scheme(uri: str) -> str:
    head, separator, _ = uri.partition("://")
    return head.lower() if separator else "file"
