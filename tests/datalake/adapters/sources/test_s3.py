from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from datalake.adapters.sources import AllowedSources
from datalake.adapters.sources.s3 import S3Sources
from datalake.errors import BadVideo, SourceUnavailable
from tests.sources import read, refusal, stated
from tests.web_host import CONTENT


@pytest.fixture
def bucket(s3_endpoint: str) -> str:
    """Name of a fresh bucket."""
    name = f"source-{uuid.uuid4().hex[:12]}"
    store(s3_endpoint).mkdir(name)
    return name


def store(endpoint: str) -> Any:
    return fsspec.filesystem("s3", endpoint_url=endpoint, use_listings_cache=False)


def sources(home: Path, endpoint: str, **limits: int) -> AllowedSources:
    return AllowedSources(("s3",), (), home, s3_endpoint_url=endpoint, timeout_s=5.0, **limits)


def test_s3(tmp_path: Path, s3_endpoint: str, bucket: str) -> None:
    store(s3_endpoint).pipe_file(f"{bucket}/a/clip.mp4", CONTENT)
    reader = sources(tmp_path, s3_endpoint)
    assert read(reader, f"s3://{bucket}/a/clip.mp4") == CONTENT
    for uri in (f"s3://{bucket}/gone.mp4", f"s3://{bucket}/a", f"s3://{bucket}/a/", "s3://no-such-bucket/a"):
        with pytest.raises(BadVideo, match="source_missing"):
            read(reader, uri)
    with pytest.raises(BadVideo, match="too_large"):
        read(sources(tmp_path, s3_endpoint, max_bytes=9), f"s3://{bucket}/a/clip.mp4")


def test_a_folder_is_no_object(tmp_path: Path, s3_endpoint: str, bucket: str) -> None:
    store(s3_endpoint).call_s3("put_object", Bucket=bucket, Key="a/", Body=b"")
    assert "names no object" in refusal(sources(tmp_path, s3_endpoint), f"s3://{bucket}/a/")[1]


def test_an_object_states_what_the_store_knows(tmp_path: Path, s3_endpoint: str, bucket: str) -> None:
    path = f"{bucket}/clip.mp4"
    files = store(s3_endpoint)
    files.pipe_file(path, CONTENT, ContentType="video/mp4", Metadata={"owner": "me"})
    facts = stated(sources(tmp_path, s3_endpoint), f"s3://{path}")
    known = files.info(path)
    assert (facts.uri, facts.size_bytes, facts.content_type) == (f"s3://{path}", len(CONTENT), "video/mp4")
    assert (facts.etag, facts.modified_at) == (known["ETag"], known["LastModified"])
    assert facts.headers == {"x-amz-meta-owner": "me"}


def test_a_version_in_the_uri_is_the_one_that_is_read(tmp_path: Path, s3_endpoint: str, bucket: str) -> None:
    files = store(s3_endpoint)
    files.call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, _ = (
        files.call_s3("put_object", Bucket=bucket, Key="clip.mp4", Body=body)["VersionId"]
        for body in (b"first", b"second")
    )
    reader = sources(tmp_path, s3_endpoint)
    assert read(reader, f"s3://{bucket}/clip.mp4") == b"second"
    assert read(reader, f"s3://{bucket}/clip.mp4?versionId={first}") == b"first"
    facts = stated(reader, f"s3://{bucket}/clip.mp4?versionId={first}")
    assert facts.headers["x-amz-version-id"] == first


@pytest.fixture
def half_read(s3_endpoint: str, bucket: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Path of an object of several requests, and its chunks, of which the first was read."""
    path = f"{bucket}/clip.mp4"
    store(s3_endpoint).pipe_file(path, CONTENT * 12)
    with S3Sources(s3_endpoint, timeout_s=5.0).opened(f"s3://{path}") as source:
        assert next(source.chunks) == CONTENT[: 1024**2]
        yield path, source.chunks


def test_an_object_that_changes_while_it_is_read_waits(
    s3_endpoint: str, half_read: tuple[str, Iterator[bytes]]
) -> None:
    path, chunks = half_read
    store(s3_endpoint).pipe_file(path, CONTENT[::-1] * 12)
    with pytest.raises(SourceUnavailable, match=r"changed while it was read \(another object is there now\)"):
        list(chunks)


def test_an_object_that_is_removed_while_it_is_read_waits(
    s3_endpoint: str, half_read: tuple[str, Iterator[bytes]]
) -> None:
    path, chunks = half_read
    store(s3_endpoint).rm(path)
    with pytest.raises(SourceUnavailable, match=r"changed while it was read \(it was removed\)"):
        list(chunks)


class WrittenBetweenTwoRequests(S3Sources):
    """As if somebody overwrote the object after it had stated its facts."""

    def _store(self, version_aware: bool) -> Any:
        files = super()._store(version_aware)

        class Store:
            split_path, call_s3 = files.split_path, files.call_s3

            def open(self, uri: str, *arguments: Any, **options: Any) -> Any:
                files.pipe_file(uri, b"another video")
                return files.open(uri, *arguments, **options)

        return Store()


def test_an_object_that_changes_before_the_first_byte_waits(s3_endpoint: str, bucket: str) -> None:
    uri = f"s3://{bucket}/clip.mp4"
    store(s3_endpoint).pipe_file(uri, CONTENT)
    with pytest.raises(SourceUnavailable, match="another object is there now"):
        read(WrittenBetweenTwoRequests(s3_endpoint, timeout_s=5.0), uri)


def test_s3_that_is_down(tmp_path: Path, s3_endpoint: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(SourceUnavailable, match="S3_ENDPOINT_URL"):
            read(sources(tmp_path, endpoint), "s3://bucket/key")


def test_s3_without_credentials(tmp_path: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    # another spelling of the address, for s3fs keeps one client an endpoint
    with pytest.raises(SourceUnavailable, match="credentials"):
        read(sources(tmp_path, f"{s3_endpoint}/"), "s3://bucket/key")
