from __future__ import annotations

import socket
import uuid
from pathlib import Path

import fsspec
import pytest

from datalake.adapters.sources import AllowedSources
from datalake.errors import BadVideo, SourceUnavailable
from tests.web_host import CONTENT


def read(home: Path, endpoint: str, uri: str, **limits: int) -> bytes:
    reader = AllowedSources(("s3",), (), home, s3_endpoint_url=endpoint, timeout_s=5.0, **limits)
    return b"".join(reader.chunks(uri))


def test_s3(tmp_path: Path, s3_endpoint: str) -> None:
    bucket = f"source-{uuid.uuid4().hex[:12]}"
    store = fsspec.filesystem("s3", endpoint_url=s3_endpoint)
    store.mkdir(bucket)
    store.pipe_file(f"{bucket}/a/clip.mp4", CONTENT)
    assert read(tmp_path, s3_endpoint, f"s3://{bucket}/a/clip.mp4") == CONTENT
    with pytest.raises(BadVideo, match="source_missing"):
        read(tmp_path, s3_endpoint, f"s3://{bucket}/gone.mp4")
    with pytest.raises(BadVideo, match="too_large"):
        read(tmp_path, s3_endpoint, f"s3://{bucket}/a/clip.mp4", max_bytes=9)


def test_s3_that_is_down(tmp_path: Path, s3_endpoint: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(SourceUnavailable, match="S3_ENDPOINT_URL"):
            read(tmp_path, endpoint, "s3://bucket/key")


def test_s3_without_credentials(tmp_path: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    # another spelling of the address, for s3fs keeps one client an endpoint
    with pytest.raises(SourceUnavailable, match="credentials"):
        read(tmp_path, f"{s3_endpoint}/", "s3://bucket/key")
