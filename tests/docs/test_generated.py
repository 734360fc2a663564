from __future__ import annotations

import os
import subprocess
import sys

import pytest

from datalake.settings import PROJECT_ROOT


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_generated_files_are_fresh_whatever_the_hash_seed(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "sync-datalake-files.py", "--check"],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
