"""What the trouble with a source means: the video is bad, its host is away for now, or its bytes moved."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import BotoCoreError, ParamValidationError
from s3fs.utils import FileExpired

from datalake.errors import BadVideo, SourceUnavailable
from datalake.findings import finding
from datalake.uris import shown, shown_in

_TRY_AGAIN = frozenset({408, 425, 429})
_NOT_THERE = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.EILSEQ}
)
_NOT_READABLE = frozenset({errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENXIO, errno.ENODEV})


@contextmanager
def parsing(uri: str) -> Iterator[None]:
    """Nothing but parsing belongs in here: ValueError (UnicodeError is one) means that it is no URI."""
    try:
        yield
    except ValueError:
        raise missing(uri, "not a valid URI") from None


@contextmanager
def file_troubles(uri: str) -> Iterator[None]:
    """Failures of the file system in the block, as `file_trouble`."""
    try:
        yield
    except OSError as error:
        raise file_trouble(uri, error) from error


@contextmanager
def http_troubles(uri: str) -> Iterator[None]:
    """Failures of the HTTP client in the block, as `http_trouble`; its own texts hold the whole URI."""
    try:
        yield
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        raise http_trouble(uri, error) from None


@contextmanager
def s3_troubles(uri: str) -> Iterator[None]:
    """Failures of the S3 client in the block, as `s3_trouble`."""
    try:
        yield
    except (OSError, UnicodeError, BotoCoreError) as error:
        raise s3_trouble(uri, error) from error


def file_trouble(uri: str, error: OSError) -> BadVideo | SourceUnavailable:
    """What a failed open or read of a file means."""
    if error.errno in _NOT_THERE:
        return missing(uri, "no such file")
    if error.errno in _NOT_READABLE:
        return BadVideo(finding("source_unreadable", f"{shown(uri)}: {error.strerror}"))
    return SourceUnavailable(f"{shown(uri)}: {error.strerror}; check the disk it is on")


def http_trouble(uri: str, error: Exception) -> BadVideo | SourceUnavailable:
    """What a failed request or transfer means; texts of the client are shown without secrets."""
    if isinstance(error, FileNotFoundError):
        return missing(uri, "the server says 404")
    if isinstance(error, aiohttp.ClientResponseError):
        said = f"{shown(uri)}: the server says {error.status}"
        is_passing = error.status >= 500 or error.status in _TRY_AGAIN
        return SourceUnavailable(said) if is_passing else BadVideo(finding("source_unreadable", said))
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | UnicodeError):
        return missing(uri, "not a valid URL")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        if error.errno != socket.EAI_AGAIN:
            return missing(uri, "no such host")
        return SourceUnavailable(f"{shown(uri)}: the name server does not answer")
    reason = "no answer in time" if isinstance(error, TimeoutError) else shown_in(str(error))
    return SourceUnavailable(f"{shown(uri)}: {reason}; check the host, or raise SOURCE_TIMEOUT_S")


def s3_trouble(uri: str, error: Exception) -> BadVideo | SourceUnavailable:
    """What a failed request to an S3 store means."""
    if isinstance(error, FileNotFoundError):
        return missing(uri, "no such object")
    if isinstance(error, ParamValidationError | UnicodeError):
        return missing(uri, "not a valid bucket and key")
    if isinstance(error, FileExpired):
        return changed(uri, "another object is there now")
    said = f"{shown(uri)}: {shown_in(str(error))}"
    if isinstance(error, PermissionError):
        return BadVideo(finding("source_unreadable", said))
    return SourceUnavailable(f"{said}; check S3_ENDPOINT_URL and the credentials")


def changed(uri: str, how: str) -> SourceUnavailable:
    """The bytes are not those of one moment: the video waits for the next attempt."""
    return SourceUnavailable(f"{shown(uri)}: changed while it was read ({how})")


def not_allowed(evidence: str, setting: str) -> BadVideo:
    """The finding source_not_allowed; `setting` would allow it."""
    return BadVideo(finding("source_not_allowed", evidence, setting=setting))


def missing(uri: str, why: str) -> BadVideo:
    """The finding source_missing."""
    return BadVideo(finding("source_missing", f"{shown(uri)}: {why}"))
