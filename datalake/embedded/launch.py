"""Start one component in the foreground: `python -m datalake.embedded.launch SPEC`.

The supervisor runs this. What a killed predecessor left behind is ended first, so that no orphan works
beside the new process; the component dies with the supervisor; then this process becomes the component.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from datalake.common_func import die_with_parent
from datalake.embedded.leftovers import COMPONENT_MARK, STACK_MARK, end, marked_processes


def write_spec(path: Path, argv: list[str], environment: dict[str, str]) -> bool:
    """Store a command line and its environment for `launch`; True when that changed anything."""
    content = json.dumps({"argv": argv, "environment": environment}, indent=1, sort_keys=True)
    if path.exists() and path.read_text("utf-8") == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(content, "utf-8")
    return True


def main() -> None:
    """Clean up after the last run of the component and become it."""
    parent = os.getppid()
    path = Path(sys.argv[1])
    spec = json.loads(path.read_text("utf-8"))
    end(marked_processes(Path(os.environ[STACK_MARK]), path.stem), grace_s=0)
    die_with_parent(parent, signal.SIGTERM)
    environment = {**os.environ, **spec["environment"], COMPONENT_MARK: path.stem}
    os.execvpe(spec["argv"][0], spec["argv"], environment)


if __name__ == "__main__":
    main()
