from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from datalake.crash_points import FOLDER, crash_point

PASS_BY = "from datalake.crash_points import crash_point; crash_point('gold.here')"


def test_of_all_that_come_by_one_dies_once(tmp_path: Path) -> None:
    (tmp_path / "gold.here").touch()
    codes = [
        subprocess.run([sys.executable, "-c", PASS_BY], env={FOLDER: str(tmp_path)}, check=False).returncode
        for _ in range(2)
    ]
    assert codes == [-signal.SIGKILL, 0]


def test_nobody_dies_elsewhere_or_without_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crash_point("gold.here")
    (tmp_path / "gold.there").touch()
    monkeypatch.setenv(FOLDER, str(tmp_path))
    crash_point("gold.here")
    assert (tmp_path / "gold.there").exists()
