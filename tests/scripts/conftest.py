from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from datalake.settings import PROJECT_ROOT

SCRIPTS = PROJECT_ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what the scripts need, in a folder with a space in its name."""
    root = tmp_path / "a checkout"
    shutil.copytree(SCRIPTS, root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "poetry.lock"):
        shutil.copy(PROJECT_ROOT / name, root)
    return root


@pytest.fixture
def shell_environment(tmp_path: Path) -> dict[str, str]:
    """A bare environment: an empty home, and no Python on PATH but a shim that fails when it is called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname", "cat", "env", "uname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    for version in ("3.11", "3.12", "3.13"):
        shim = programs / f"python{version}"
        shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n", "utf-8")
        shim.chmod(0o755)
    (tmp_path / "home").mkdir()
    return {"PATH": str(programs), "HOME": str(tmp_path / "home"), "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
