"""The embedded Qdrant in a thread of the test's process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from datalake.embedded.qdrant.app import application
from datalake.embedded.qdrant.catalog import Catalog


@contextmanager
def qdrant_server(folder: Path) -> Iterator[str]:
    """Serve an empty Qdrant from `folder`; gives its URL."""
    server = uvicorn.Server(uvicorn.Config(application(Catalog(folder)), log_config=None))
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            server.should_exit = True
            thread.join(30)
