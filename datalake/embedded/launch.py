"""Start one component in the foreground: `python -m datalake.embedded.launch SPEC`.

The supervisor runs this. What a killed predecessor left behind is ended first, so that no orphan works
beside the new process; the component dies with the supervisor; it is waited for what the component cannot
start without; then this process becomes the component.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from datalake.common_func import backoff_s, die_with_parent
from datalake.embedded.leftovers import COMPONENT_MARK, STACK_MARK, end, marked_processes

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0

Address = tuple[str, int]
_log = logging.getLogger("datalake.embedded.launch")


def write_spec(
    path: Path, argv: list[str], environment: dict[str, str], needs: Sequence[Address] = ()
) -> bool:
    """Store for `launch` what to run; True when that changed anything.

    Args:
        path: of the file.
        argv: the command line.
        environment: its variables, beyond the inherited ones.
        needs: hosts and ports that must accept connections before it starts.
    """
    content = json.dumps({"argv": argv, "environment": environment, "needs": needs}, indent=1, sort_keys=True)
    if path.exists() and path.read_text("utf-8") == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(content, "utf-8")
    return True


def wait_for(needs: Sequence[Address]) -> None:
    """Return when every address accepts connections: without them the component would only end again."""
    for host, port in needs:
        tries = 0
        while not _accepts(host, port):
            tries += 1
            pause_s = backoff_s(tries, FIRST_PAUSE_S, LONGEST_PAUSE_S)
            _log.warning("waiting for %s:%d, looking again in %.1f s", host, port, pause_s)
            time.sleep(pause_s)


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def main() -> None:
    """Clean up after the last run of the component and become it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    parent = os.getppid()
    path = Path(sys.argv[1])
    spec = json.loads(path.read_text("utf-8"))
    end(marked_processes(Path(os.environ[STACK_MARK]), path.stem), grace_s=0)
    die_with_parent(parent, signal.SIGTERM)
    wait_for(spec.get("needs", ()))  # written by an older version, it has none
    environment = {**os.environ, **spec["environment"], COMPONENT_MARK: path.stem}
    os.execvpe(spec["argv"][0], spec["argv"], environment)


if __name__ == "__main__":
    main()
