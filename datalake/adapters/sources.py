"""Sources: the bytes that a message's URI names, from allowed schemes, folders and hosts only."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import aiohttp
import fsspec
from botocore.exceptions import BotoCoreError, ParamValidationError
from fsspec.implementations.http import HTTPFileSystem

from datalake.adapters.ports import SourceReader
from datalake.adapters.source_errors import file_trouble, http_trouble, missing, not_allowed, parsing
from datalake.errors import BadVideo, SourceUnavailable
from datalake.findings import finding
from datalake.uris import shown, shown_in

_CHUNK_BYTES = 1024 * 1024
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
        self._schemes = frozenset(scheme.lower() for scheme in schemes)
        self._home, self._roots = home, tuple((home / root).resolve() for root in roots)
        self._private_hosts, self._max_bytes, self._timeout_s = private_hosts, max_bytes, timeout_s
        self._max_s, self._grace_s, self._s3_endpoint_url = max_s, grace_s, s3_endpoint_url
        self._readers: dict[str, Callable[[str], Iterator[bytes]]] = {
            "file": self._file_chunks,
            "http": self._http_chunks,
            "https": self._http_chunks,
            "s3": self._s3_chunks,
        }

    def chunks(self, uri: str) -> Iterator[bytes]:
        """The bytes, a mebibyte at a time; refused before the first byte where that can be known.

        Raises:
            BadVideo: source_not_allowed, source_missing, source_unreadable or too_large.
            SourceUnavailable: its host or disk failed, fell silent or is too slow; try again.
        """
        scheme = _scheme(uri)
        if scheme not in self._schemes or scheme not in self._readers:
            raise not_allowed(f"{shown(uri)}: scheme {scheme!r}", "SOURCE_SCHEMES")
        total, started_s = 0, time.monotonic()
        for chunk in self._readers[scheme](uri):
            total += len(chunk)
            self._check_size(uri, total)
            self._check_pace(uri, total, time.monotonic() - started_s)
            yield chunk

    def is_reachable(self, address: str) -> bool:
        """True for an IP address that may be connected to."""
        return self._private_hosts or _is_public(address)

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

    def _file_chunks(self, uri: str) -> Iterator[bytes]:
        with parsing(uri):
            # not Path.resolve(): before Python 3.13 that raises RuntimeError for a circle of links
            path = Path(os.fsdecode(os.path.realpath(os.fsencode(self._home / _file_path(uri)))))
        if not any(path.is_relative_to(root) for root in self._roots):
            raise not_allowed(f"{shown(uri)}: outside the allowed folders", "SOURCE_ROOTS")
        try:
            # O_NONBLOCK: a FIFO would make open() wait; it has no effect on regular files
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
                facts = os.fstat(file.fileno())
                if not stat.S_ISREG(facts.st_mode):
                    raise BadVideo(finding("source_unreadable", f"{shown(uri)}: not a regular file"))
                self._check_size(uri, facts.st_size)
                yield from _read(file)
        except OSError as error:
            raise file_trouble(uri, error) from error

    def _http_chunks(self, uri: str) -> Iterator[bytes]:
        with parsing(uri):
            (urlsplit(uri).hostname or "").encode("idna")
            self._http.encode_url(uri)
        try:
            # a size, though unknown, spares the HEAD request before the GET; block_size=0 streams
            with self._http.open(uri, block_size=0, size=1, headers={"Accept-Encoding": "identity"}) as file:
                yield from _read(file)
        except FileNotFoundError:
            raise BadVideo(finding("source_missing", f"{shown(uri)}: the server says 404")) from None
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            # from None: the texts of the client hold the whole URI
            raise http_trouble(uri, error) from None

    def _s3_chunks(self, uri: str) -> Iterator[bytes]:
        bucket, _, key = uri.partition("://")[2].partition("/")
        if not bucket or not key:
            raise missing(uri, "names no object; write s3://bucket/key")
        try:
            with self._s3.open(uri, "rb", cache_type="readahead") as file:
                self._check_size(uri, file.size)
                yield from _read(file)
        except FileNotFoundError as error:
            raise missing(uri, "no such object") from error
        except (ParamValidationError, UnicodeError) as error:
            raise missing(uri, "not a valid bucket and key") from error
        except PermissionError as error:
            raise BadVideo(finding("source_unreadable", f"{shown(uri)}: {shown_in(str(error))}")) from error
        except (OSError, BotoCoreError) as error:
            raise SourceUnavailable(
                f"{shown(uri)}: {shown_in(str(error))}; check S3_ENDPOINT_URL and the credentials"
            ) from error

    @cached_property
    def _http(self) -> HTTPFileSystem:
        return HTTPFileSystem(get_client=self._http_client, skip_instance_cache=True)

    @cached_property
    def _s3(self) -> Any:
        limits = {
            "connect_timeout": self._timeout_s,
            "read_timeout": self._timeout_s,
            "retries": {"max_attempts": 2},
        }
        return fsspec.filesystem(
            "s3",
            endpoint_url=self._s3_endpoint_url or None,
            config_kwargs=limits,
            use_listings_cache=False,
        )

    async def _http_client(self, **kwargs: Any) -> aiohttp.ClientSession:
        limits = aiohttp.ClientTimeout(self._max_s, sock_connect=self._timeout_s, sock_read=self._timeout_s)
        connector = aiohttp.TCPConnector(socket_factory=self._guarded_socket, use_dns_cache=False)
        return aiohttp.ClientSession(connector=connector, timeout=limits, auto_decompress=False)

    def _guarded_socket(self, address_info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an address that may be reached; asked at each connection, so also after redirects."""
        family, kind, protocol, _, address = address_info
        if not self.is_reachable(str(address[0])):
            raise not_allowed(f"{address[0]} is not a public address", "SOURCE_PRIVATE_HOSTS")
        return socket.socket(family, kind, protocol)


def _read(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _scheme(uri: str) -> str:
    head, separator, _ = uri.partition("://")
    return head.lower() if separator else "file"


def _file_path(uri: str) -> str:
    if "://" not in uri:
        return uri
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise not_allowed(f"{shown(uri)}: names another host", "SOURCE_ROOTS, and mount it")
    return unquote(parts.path)


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast
