"""Runs a notebook's cells in a kernel of its own, and keeps what is worth keeping of their outputs."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from datalake.errors import ConfigurationError
from datalake.reference.settings_reference import groups
from datalake.settings import PROJECT_ROOT

_TIMEOUT_S = 300
_DATA_URI = re.compile(r"base64,[A-Za-z0-9+/=]+")


def executed(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with the outputs of its code cells.

    Args:
        notebook: its JSON; the kernel that it names must be there.

    Raises:
        ConfigurationError: a cell fails, shows nothing, writes to stderr, or shows something of this machine.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    running = nbformat.reads(json.dumps(notebook), as_version=4)  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        client = NotebookClient(
            running,
            timeout=_TIMEOUT_S,
            kernel_name=notebook["metadata"]["kernelspec"]["name"],
            record_timing=False,
            resources={"metadata": {"path": folder}},
            # sockets in a private folder: no port that others on this machine could connect to
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}}),
        )
        try:
            client.execute(env=_environment(folder))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise ConfigurationError(f"a cell of the notebook failed: {error}") from error
    done: dict[str, Any] = json.loads(nbformat.writes(running))  # type: ignore[no-untyped-call]
    done["metadata"] = notebook["metadata"]
    for cell in done["cells"]:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            _check(cell)
    return done


def _environment(folder: str) -> dict[str, str]:
    """This process's environment without our settings and a user's IPython profile.

    Quiet about what a kernel without a debugger and without widgets for progress bars lacks.
    """
    names = {variable.name for variables in groups().values() for variable in variables}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in names}
    quiet = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "PYTHONWARNINGS": "ignore:IProgress not found"}
    return kept | quiet | {"IPYTHONDIR": folder}


def _check(cell: dict[str, Any]) -> None:
    """Refuse outputs that another machine would not give."""
    if not cell["outputs"]:
        raise ConfigurationError(f"the cell {cell['id']} shows nothing; end it with what it made")
    for output in cell["outputs"]:
        if output.get("name") == "stderr":
            raise ConfigurationError(f"the cell {cell['id']} writes to stderr: {''.join(output['text'])}")
    shown = _DATA_URI.sub("", json.dumps(cell["outputs"], ensure_ascii=False))
    for private in _private():
        if private in shown:
            raise ConfigurationError(f"the cell {cell['id']} shows {private!r}, which is of this machine")


def _private() -> list[str]:
    """Folders that belong to this machine."""
    folders = (PROJECT_ROOT, Path.home(), Path(tempfile.gettempdir()))
    return [f"{folder}/" for folder in folders if folder != Path(folder.anchor)]
