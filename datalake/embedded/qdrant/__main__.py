"""Command line: serve a data folder, or bring its collections into their fastest form and leave."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from datalake.embedded.qdrant.app import application
from datalake.embedded.qdrant.catalog import Catalog
from datalake.embedded.qdrant.errors import DataFolderError
from datalake.embedded.qdrant.optimize import optimize_all, optimize_in_child

_log = logging.getLogger("datalake.embedded.qdrant")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.port is None and not options.optimize:
        parser.error("give --port to serve, --optimize to optimise, or both")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        if options.port is None:
            optimize_all(options.data)
        else:
            if options.optimize:
                optimize_in_child(options.data)
            _serve(options.data, options.host, options.port)
    except (DataFolderError, OSError) as error:
        _log.error("%s", error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datalake.embedded.qdrant", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the collections")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; there is no authentication"
    )
    parser.add_argument(
        "--port", type=int, help="port to listen on, 0: any free one; without it --optimize only"
    )
    parser.add_argument(
        "--optimize", action="store_true", help="build the index of large collections before serving"
    )
    return parser


def _serve(data: Path, host: str, port: int) -> None:
    with socket.create_server((host, port), backlog=512) as listener:
        catalog = Catalog(data)
        _log.info("listening on http://%s:%d", *listener.getsockname()[:2])
        config = uvicorn.Config(
            application(catalog), log_config=None, access_log=False, timeout_graceful_shutdown=20
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
