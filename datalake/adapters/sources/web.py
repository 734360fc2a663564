"""Files on web servers with addresses that may be connected to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO
from urllib.parse import urlsplit

import aiohttp
from fsspec.implementations.http import HTTPFileSystem

from datalake.adapters.ports import OpenSource, SourceReader
from datalake.adapters.sources.errors import changed, http_troubles, not_allowed, parsing
from datalake.adapters.sources.facts import facts_of_answer
from datalake.adapters.sources.reading import read


class WebSources(SourceReader):
    """Reads http(s) URIs by a single GET.

    Args:
        private_hosts: also connect to private, loopback and link-local addresses.
        timeout_s: a server that is silent so long is given up.
        max_s: a transfer that takes longer in all is given up.
    """

    def __init__(self, private_hosts: bool, timeout_s: float, max_s: float) -> None:
        self._private_hosts, self._timeout_s, self._max_s = private_hosts, timeout_s, max_s

    @contextmanager
    def opened(self, uri: str) -> Iterator[OpenSource]:
        """The answer's body; its length must be the stated Content-Length, where there is one.

        In one GET that is all that can be noticed of a change: ETag and Last-Modified are stated once, before
        the first byte, and what a server without Content-Length sends has no stated end.

        Raises:
            BadVideo: source_not_allowed, source_missing or source_unreadable.
            SourceUnavailable: the host failed, fell silent, or sent less than it stated.
        """
        with parsing(uri):
            (urlsplit(uri).hostname or "").encode("idna")
            self._http.encode_url(uri)
        with http_troubles(uri):
            # a size, though unknown, spares the HEAD request before the GET; block_size=0 streams
            file = self._http.open(uri, block_size=0, size=1, headers={"Accept-Encoding": "identity"})
        with file:
            facts = facts_of_answer(uri, file.r.headers)
            yield OpenSource(facts, _chunks(uri, file, facts.size_bytes))

    def is_reachable(self, address: str) -> bool:
        """True for an IP address that may be connected to."""
        return self._private_hosts or _is_public(address)

    @cached_property
    def _http(self) -> HTTPFileSystem:
        return HTTPFileSystem(get_client=self._client, skip_instance_cache=True)

    async def _client(self, **kwargs: object) -> aiohttp.ClientSession:
        limits = aiohttp.ClientTimeout(self._max_s, sock_connect=self._timeout_s, sock_read=self._timeout_s)
        connector = aiohttp.TCPConnector(socket_factory=self._guarded_socket, use_dns_cache=False)
        return aiohttp.ClientSession(connector=connector, timeout=limits, auto_decompress=False)

    def _guarded_socket(self, address_info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an address that may be reached; asked at each connection, so also after redirects."""
        family, kind, protocol, _, address = address_info
        if not self.is_reachable(str(address[0])):
            raise not_allowed(f"{address[0]} is not a public address", "SOURCE_PRIVATE_HOSTS")
        return socket.socket(family, kind, protocol)


def _chunks(uri: str, file: BinaryIO, stated_bytes: int | None) -> Iterator[bytes]:
    total = 0
    with http_troubles(uri):
        try:
            for chunk in read(file):
                total += len(chunk)
                yield chunk
        except aiohttp.ClientPayloadError:
            stated = "no size stated" if stated_bytes is None else f"{stated_bytes} bytes stated"
            raise changed(uri, f"or its host broke off: {stated}, {total} read") from None


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast
