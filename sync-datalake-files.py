"""Write the notebooks with the DAGs and the generated pages of docs/; --check only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from datalake.reference.sync import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent))
