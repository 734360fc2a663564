"""Objects in S3 buckets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import fsspec

from datalake.adapters.ports import OpenSource, SourceReader
from datalake.adapters.sources.errors import changed, missing, s3_troubles
from datalake.adapters.sources.facts import facts_of_answer
from datalake.adapters.sources.reading import read

_BLOCK_BYTES = 8 * 1024 * 1024  # of one request; s3fs would hold 50 MiB a file


class S3Sources(SourceReader):
    """Reads s3 URIs by ranged GETs.

    Args:
        endpoint_url: S3 endpoint other than AWS; empty: AWS.
        timeout_s: a store that is silent so long is given up.
    """

    def __init__(self, endpoint_url: str, timeout_s: float) -> None:
        self._endpoint_url, self._timeout_s = endpoint_url, timeout_s

    @contextmanager
    def opened(self, uri: str) -> Iterator[OpenSource]:
        """The object as it is now, or the version that `?versionId=` names.

        Each GET has `If-Match` with its ETag, so that no other object is mixed in; a store that ignores
        `If-Match` shows a change by the number of bytes at most.

        Raises:
            BadVideo: source_missing or source_unreadable.
            SourceUnavailable: the store failed, or the object was replaced or removed meanwhile.
        """
        with s3_troubles(uri):
            store = self._store(version_aware="?versionId=" in uri)
            bucket, key, version_id = store.split_path(uri)
            if not bucket or not key or key.endswith("/"):
                raise missing(uri, "names no object; write s3://bucket/key")
            version = {"VersionId": version_id} if version_id else {}
            head = store.call_s3("head_object", Bucket=bucket, Key=key, **version)
            file = store.open(uri, "rb", block_size=_BLOCK_BYTES, cache_type="readahead")
        with file:
            if file.details.get("ETag") != head.get("ETag"):
                raise changed(uri, "another object is there now")
            yield OpenSource(
                facts_of_answer(uri, head["ResponseMetadata"]["HTTPHeaders"]), _chunks(uri, file)
            )

    def _store(self, version_aware: bool) -> Any:
        """The client, which fsspec keeps; reading versions takes a permission more, so only where asked."""
        limits = {
            "connect_timeout": self._timeout_s,
            "read_timeout": self._timeout_s,
            "retries": {"max_attempts": 2},
        }
        return fsspec.filesystem(
            "s3",
            endpoint_url=self._endpoint_url or None,
            config_kwargs=limits,
            use_listings_cache=False,
            version_aware=version_aware,
        )


def _chunks(uri: str, file: BinaryIO) -> Iterator[bytes]:
    with s3_troubles(uri):
        try:
            yield from read(file)
        except FileNotFoundError:
            raise changed(uri, "it was removed") from None
