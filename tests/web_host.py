"""A web server that behaves well and badly, for what reads from one."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote

CONTENT = bytes(range(256)) * 8192  # 2 MiB: several chunks


class Handler(BaseHTTPRequestHandler):
    """/status/CODE, /to/URL, /stated/?A=B, /packed, /cut, /drop, /silent, /drip, /endless, or CONTENT."""

    def do_GET(self) -> None:
        kind, _, rest = self.path.lstrip("/").partition("/")
        getattr(self, f"_{kind}", self._content)(rest)

    def _content(self, rest: str) -> None:
        self._start(200, len(CONTENT))
        self.wfile.write(CONTENT)

    def _stated(self, headers: str) -> None:
        """Headers as a query: /stated/?ETag=... ."""
        self._start(200, len(CONTENT), **dict(parse_qsl(headers.lstrip("?"))))
        self.wfile.write(CONTENT)

    def _packed(self, rest: str) -> None:
        """Compressed for those who accept that."""
        body = gzip.compress(CONTENT) if "gzip" in self.headers["Accept-Encoding"] else CONTENT
        self._start(200, len(body))
        self.wfile.write(body)

    def _status(self, code: str) -> None:
        self._start(int(code), 0)

    def _to(self, url: str) -> None:
        self._start(302, 0, Location=unquote(url))

    def _cut(self, rest: str) -> None:
        self._start(200, len(CONTENT))
        self.wfile.write(CONTENT[:1000])

    def _silent(self, rest: str) -> None:
        self.server.asleep.wait(10)  # type: ignore[attr-defined]
        self.close_connection = True

    def _drip(self, rest: str) -> None:
        self._start(200, 100)
        for _ in range(100):
            self.wfile.write(b".")
            if self.server.asleep.wait(0.05):  # type: ignore[attr-defined]
                break
        self.close_connection = True

    def _drop(self, rest: str) -> None:
        self.close_connection = True

    def _endless(self, rest: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            self.close_connection = True

    def _start(self, code: int, length: int, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False
    asleep: threading.Event


@contextmanager
def web_host() -> Iterator[str]:
    """Address of the server, on 127.0.0.1."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asleep = threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.asleep.set()
        server.shutdown()
        thread.join()
