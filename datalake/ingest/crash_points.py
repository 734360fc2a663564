"""Named places where a fault test may kill this process, to see that nothing is lost there."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def crash_point(name: str) -> None:
    """Die by SIGKILL here if DATALAKE_CRASH_POINT is `name`.

    DATALAKE_CRASH_ONCE may name a file: it is made at the first death, and while it is there nothing dies.
    """
    if os.environ.get("DATALAKE_CRASH_POINT") != name:
        return
    once = os.environ.get("DATALAKE_CRASH_ONCE")
    if once:
        try:
            Path(once).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
