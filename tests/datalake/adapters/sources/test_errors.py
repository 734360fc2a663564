from __future__ import annotations

import errno

import pytest

from datalake.adapters.sources.errors import file_trouble
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
