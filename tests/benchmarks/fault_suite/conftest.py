from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.fault_suite.traffic import Traffic, plan


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Stand-ins: planning never looks into them."""
    made = [tmp_path / f"clip-{number}.mp4" for number in range(3)]
    for number, path in enumerate(made):
        path.write_bytes(bytes([number]) * 1000)
    return made


@pytest.fixture
def traffic(clips: list[Path], tmp_path: Path) -> Traffic:
    """Forty messages with repeats and every kind of poison."""
    return plan(40, repeats=0.3, poison=0.3, chance=random.Random(1), clips=clips, folder=tmp_path)
