"""What the trouble with a source means: the video is bad, or its host is away for now."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

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


def file_trouble(uri: str, error: OSError) -> BadVideo | SourceUnavailable:
    """What a failed open or read of a file means."""
    if error.errno in _NOT_THERE:
        return missing(uri, "no such file")
    if error.errno in _NOT_READABLE:
        return BadVideo(finding("source_unreadable", f"{shown(uri)}: {error.strerror}"))
    return SourceUnavailable(f"{shown(uri)}: {error.strerror}; check the disk it is on")


def http_trouble(uri: str, error: Exception) -> BadVideo | SourceUnavailable:
    """What a failed request or transfer means; texts of the client are shown without secrets."""
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


def not_allowed(evidence: str, setting: str) -> BadVideo:
    """The finding source_not_allowed; `setting` would allow it."""
    return BadVideo(finding("source_not_allowed", evidence, setting=setting))


def missing(uri: str, why: str) -> BadVideo:
    """The finding source_missing."""
    return BadVideo(finding("source_missing", f"{shown(uri)}: {why}"))
