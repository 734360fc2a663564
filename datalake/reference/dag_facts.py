"""What the DAG objects say about themselves, as JSON: `python -m datalake.reference.dag_facts FOLDER`.

A process of its own, because importing Airflow sets up its home folder, its logging and its connections.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from datalake.errors import ConfigurationError

DagFacts = dict[str, Any]


def dag_facts(folder: Path) -> list[DagFacts]:
    """The DAGs of a folder by name, read in a child with an Airflow home of its own.

    Each has `dag_id`, `schedule`, `max_active_runs`, `doc_md`, `params` and `tasks`.

    Raises:
        ConfigurationError: a file of the folder cannot be imported.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    with tempfile.TemporaryDirectory(prefix="airflow-") as home:
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(folder)],
            env=kept | {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise ConfigurationError(f"the DAGs cannot be read: {done.stderr.strip().splitlines()[-1]}")
    facts: list[DagFacts] = json.loads(done.stdout.splitlines()[-1])
    return facts


def _read(folder: Path) -> list[DagFacts]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=folder)
    if bag.import_errors:
        file, error = next(iter(bag.import_errors.items()))
        sys.exit(f"{Path(file).name}: {error.strip().splitlines()[-1]}")
    return [_dag(bag.dags[dag_id]) for dag_id in sorted(bag.dags)]


def _dag(dag: Any) -> DagFacts:
    return {
        "dag_id": dag.dag_id,
        "schedule": str(dag.schedule) if dag.schedule else None,
        "max_active_runs": dag.max_active_runs,
        "doc_md": inspect.cleandoc(dag.doc_md),
        "params": [_param(name, dag.params.get_param(name)) for name in dag.params],
        "tasks": [_task(task) for task in dag.topological_sort()],
    }


def _param(name: str, param: Any) -> dict[str, Any]:
    return {"name": name, "default": param.value, "description": param.description or ""}


def _task(task: Any) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "is_mapped": task.is_mapped or task.get_closest_mapped_task_group() is not None,
        "words": _words(task),
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "pool": task.pool,
        "downstream": sorted(task.downstream_task_ids),
    }


def _words(task: Any) -> str:
    """The task's manual, else the first line about its function or operator."""
    if not task.is_mapped:
        documented = task.doc_md or inspect.getdoc(type(task))
    else:
        function = getattr(task, "python_callable", task.operator_class)
        documented = task.partial_kwargs.get("doc_md") or inspect.getdoc(function)
    return str(documented or "").strip().split("\n", 1)[0]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_read(Path(sys.argv[1]))) + "\n")
