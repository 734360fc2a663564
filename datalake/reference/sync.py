"""Writes every generated document, or says which one is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from datalake import pipeline
from datalake.errors import ConfigurationError
from datalake.reference.document import Document, read
from datalake.reference.notebook import notebook
from datalake.reference.schemas import schema_files
from datalake.reference.settings_reference import env_example, readme


def documents(root: Path) -> list[Document]:
    """All generated documents of a checkout, as they should be now."""
    return [
        *(notebook(layer, root / f"datalake/{layer}_layer/01_dag.ipynb") for layer in pipeline.LAYERS),
        *(Document(root / "docs/schemas" / name, text) for name, text in schema_files().items()),
        Document(root / "config/.env.example", env_example()),
        Document(root / "README.md", readme(read(root / "README.md") or "")),
    ]


def main(arguments: Sequence[str], root: Path) -> int:
    """Write the stale documents; with --check only name them and return 1."""
    parser = argparse.ArgumentParser(
        prog="sync-datalake-files.py",
        description="Write the layers' notebooks, the settings tables and the JSON schemas from the code.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    check = parser.parse_args(arguments).check
    try:
        stale = [(document, why) for document in documents(root) if (why := document.staleness())]
    except ConfigurationError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 1
    for document, why in stale:
        name = document.path.relative_to(root)
        sys.stdout.write(f"stale: {name} {why}\n" if check else f"written: {name}\n")
        if not check:
            document.write()
    if check and stale:
        sys.stdout.write("Refresh with: python sync-datalake-files.py\n")
    return int(check and bool(stale))
