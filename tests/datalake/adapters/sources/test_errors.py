from __future__ import annotations

import errno

import aiohttp
import pytest
from botocore.exceptions import NoCredentialsError, ParamValidationError
from s3fs.utils import FileExpired

from datalake.adapters.sources.errors import changed, file_trouble, http_trouble, s3_trouble
from datalake.errors import BadVideo, SourceUnavailable

URI = "file:///videos/clip.mp4"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOENT, "source_missing"),
        (errno.ENAMETOOLONG, "source_missing"),
        (errno.ELOOP, "source_missing"),
        (errno.EINVAL, "source_missing"),
        (errno.EACCES, "source_unreadable"),
        (errno.EISDIR, "source_unreadable"),
        (errno.ENXIO, "source_unreadable"),
    ],
)
def test_a_file_that_cannot_be_opened_is_a_bad_video(number: int, code: str) -> None:
    trouble = file_trouble(URI, OSError(number, "said the system"))
    assert isinstance(trouble, BadVideo)
    assert trouble.finding.code == code


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT])
def test_a_disk_that_fails_is_to_be_tried_again(number: int) -> None:
    trouble = file_trouble(URI, OSError(number, "said the system"))
    assert isinstance(trouble, SourceUnavailable)
    assert "check the disk" in str(trouble)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("https://user:secret@host/clip.mp4"),
        aiohttp.InvalidURL("https://user:secret@host"),
        UnicodeError("label too long"),
    ],
)
def test_a_uri_that_a_web_server_does_not_know_is_a_bad_video(error: Exception) -> None:
    trouble = http_trouble(URI, error)
    assert isinstance(trouble, BadVideo)
    assert trouble.finding.code == "source_missing"
    assert "secret" not in str(trouble)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError("The specified key does not exist."), "source_missing"),
        (ParamValidationError(report="bucket"), "source_missing"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), "source_missing"),
        (PermissionError("Forbidden"), "source_unreadable"),
    ],
)
def test_what_a_store_refuses_is_a_bad_video(error: Exception, code: str) -> None:
    trouble = s3_trouble("s3://bucket/clip.mp4", error)
    assert isinstance(trouble, BadVideo)
    assert trouble.finding.code == code


@pytest.mark.parametrize("error", [OSError(errno.EIO, "reset"), NoCredentialsError(), TimeoutError()])
def test_a_store_that_is_away_is_to_be_tried_again(error: Exception) -> None:
    trouble = s3_trouble("s3://bucket/clip.mp4", error)
    assert isinstance(trouble, SourceUnavailable)
    assert "S3_ENDPOINT_URL" in str(trouble)


def test_another_object_than_the_one_that_was_opened_is_to_be_tried_again() -> None:
    trouble = s3_trouble("s3://bucket/clip.mp4", FileExpired("bucket/clip.mp4", '"1"'))
    assert isinstance(trouble, SourceUnavailable)
    assert "changed while it was read" in str(trouble)


def test_a_change_says_what_was_seen_and_no_secret() -> None:
    said = str(changed("https://user:secret@host/a.mp4?sig=secret", "1000 bytes, then 1200"))
    assert said == "https://host/a.mp4: changed while it was read (1000 bytes, then 1200)"
