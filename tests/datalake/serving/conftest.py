from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `datalake` with nothing configured but what is given."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "DATALAKE_HOME": str(tmp_path), "HOME": str(tmp_path)}
        command = [sys.executable, "-m", "datalake.serving.cli", *arguments]
        return subprocess.run(
            command, env=environment | settings, capture_output=True, text=True, timeout=120, check=False
        )

    return run
