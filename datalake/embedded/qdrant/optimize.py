"""Build the index of large collections, while nothing serves them."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import IO

from datalake.common_func import die_with_parent
from datalake.embedded.process import python_argv
from datalake.embedded.qdrant.catalog import Catalog

MIN_UNINDEXED_POINTS = 100_000
"""Fewer unindexed points are searched one by one within 10 ms, and indexing 20,000 takes 12 s."""

_log = logging.getLogger(__name__)


def optimize_all(data: Path, min_unindexed_points: int = MIN_UNINDEXED_POINTS) -> list[str]:
    """Optimise every collection with so many unindexed points; the names of those.

    Raises:
        DataFolderError: the folder is being served, or cannot be read.
    """
    catalog = Catalog(data)
    try:
        names = catalog.names()
        return [name for name in names if _optimized(catalog, name, min_unindexed_points)]
    finally:
        catalog.close()


def optimize_in_child(data: Path, log: IO[bytes] | None = None) -> None:
    """The same in a process that dies with this one; what goes wrong there is logged, and serving goes on."""
    finished = subprocess.run(
        python_argv("datalake.embedded.qdrant", "--data", data, "--optimize"),
        preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGKILL),
        stdout=log,
        stderr=log,
        check=False,
    )
    if finished.returncode != 0:
        _log.warning("optimising %s ended with exit code %d; it stays as it is", data, finished.returncode)


def _optimized(catalog: Catalog, name: str, min_unindexed_points: int) -> bool:
    collection, start_s = catalog.get(name), time.perf_counter()
    info = collection.info()
    unindexed_points = info.points_count - info.indexed_vectors_count
    if unindexed_points < min_unindexed_points:
        return False
    collection.optimize()
    _log.info("optimised %s: %d points in %.1f s", name, info.points_count, time.perf_counter() - start_s)
    return True
