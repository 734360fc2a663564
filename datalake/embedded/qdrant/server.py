"""The embedded Qdrant as one part of the stack."""

from __future__ import annotations

import http.client
from pathlib import Path

from datalake.embedded.process import LOOPBACK, Server, python_argv
from datalake.embedded.qdrant.optimize import optimize_in_child


class QdrantServer(Server):
    """The embedded Qdrant as a process of its own.

    Args:
        folder: the collections' data; created by `prepare`.
        port: on the loopback interface.
    """

    name = "qdrant"

    def __init__(self, folder: Path, port: int, log: Path | None = None) -> None:
        super().__init__(log or folder.parent / f"{folder.name}.log")
        self.folder = folder.absolute()
        self.port = port

    @property
    def url(self) -> str:
        """What QDRANT_URL is set to."""
        return f"http://{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Create the folder; build the index of large collections, in a process that ends afterwards."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if any(self.folder.iterdir()):
            with self.log.open("ab") as log:
                optimize_in_child(self.folder, log)

    def argv(self) -> list[str]:
        """The module that serves."""
        return python_argv(
            "datalake.embedded.qdrant", "--data", self.folder, "--host", LOOPBACK, "--port", str(self.port)
        )

    def is_ready(self) -> bool:
        """True when every collection is open."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=1.0)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
