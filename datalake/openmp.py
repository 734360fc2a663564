"""How threads of a model wait for each other; said before PyTorch is loaded, which reads it once."""

from __future__ import annotations

import os

WAIT_POLICY = "OMP_WAIT_POLICY"


def wait_asleep() -> None:
    """Sleep while waiting: spinning, GNU OpenMP's default, takes cores from decoders and other tasks."""
    os.environ.setdefault(WAIT_POLICY, "passive")
