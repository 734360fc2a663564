"""Faults on a whole stack: see `benchmarks/fault_suite/` and `--help`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # also as a script
    from benchmarks.fault_suite.cli import main

    sys.exit(main())
