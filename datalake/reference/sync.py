"""Writes every generated document, or says which one is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from datalake import pipeline
from datalake.errors import PipelineError
from datalake.reference.cli_reference import cli_page
from datalake.reference.dag_reference import dags_page
from datalake.reference.database_reference import tables_page
from datalake.reference.document import Document, read
from datalake.reference.findings_reference import findings_page
from datalake.reference.lake_reference import lake_page
from datalake.reference.markdown import COMMAND
from datalake.reference.messages_reference import messages_page
from datalake.reference.nodes import nodes_page
from datalake.reference.notebook import notebook
from datalake.reference.schema_reference import schemas_page
from datalake.reference.schemas import schema_documents
from datalake.reference.settings_reference import env_example, readme, settings_page
from datalake.settings import PROJECT_ROOT

DAGS = PROJECT_ROOT / "dags"


def documents(root: Path) -> list[Document]:
    """All generated documents of a checkout, as they should be now; notebooks last, for they take longest.

    Raises:
        PipelineError: something that a document describes cannot be read.
    """
    docs = root / "docs"
    with ThreadPoolExecutor() as others:  # PostgreSQL and Airflow start in processes of their own
        tables, dags = others.submit(tables_page), others.submit(dags_page, DAGS)
        notebooks = [
            notebook(layer, root / f"datalake/{layer}_layer/01_dag.ipynb") for layer in pipeline.LAYERS
        ]
        return [
            *schema_documents(docs / "schemas"),
            Document(root / "config/.env.example", env_example()),
            Document(root / "README.md", readme(read(root / "README.md") or "")),
            Document(docs / "cli.md", cli_page(PROJECT_ROOT)),
            Document(docs / "dags.md", dags.result()),
            Document(docs / "findings.md", findings_page()),
            Document(docs / "lake.md", lake_page()),
            Document(docs / "messages.md", messages_page()),
            Document(docs / "nodes.md", nodes_page()),
            Document(docs / "schemas.md", schemas_page()),
            Document(docs / "settings.md", settings_page()),
            Document(docs / "tables.md", tables.result()),
            *notebooks,
        ]


def main(arguments: Sequence[str], root: Path) -> int:
    """Write the stale documents; with --check only name them and return 1."""
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description="Write the layers' notebooks and the generated pages of docs/ from the code.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    check = parser.parse_args(arguments).check
    try:
        stale = [(document, why) for document in documents(root) if (why := document.staleness())]
        for document, why in stale:
            name = document.path.relative_to(root)
            sys.stdout.write(f"{'stale' if check else 'writing'}: {name} {why}\n")
            sys.stdout.flush()
            if not check:
                document.write()
    except PipelineError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 1
    if check and stale:
        sys.stdout.write(f"Refresh with: {COMMAND}\n")
    return int(check and bool(stale))
