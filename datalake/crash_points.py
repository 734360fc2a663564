"""Named places where a fault test may kill this process, to see that nothing is lost there."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

FOLDER = "DATALAKE_CRASH_FOLDER"


def crash_point(name: str) -> None:
    """Die by SIGKILL here if the folder named by DATALAKE_CRASH_FOLDER holds a file `name`.

    The file goes first, so of all processes that come by, one dies once.
    """
    folder = os.environ.get(FOLDER)
    if folder:
        with suppress(FileNotFoundError):
            Path(folder, name).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
