"""docs/dags.md: what Airflow runs, from the manuals and arrows of the DAG files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from datalake.reference.dag_facts import DagFacts, dag_facts
from datalake.reference.markdown import code, page, table
from datalake.settings import AirflowSettings

_INTRO = """\
Two limits keep runs of `video_process` in check. `MAX_RUNS_IN_FLIGHT` (by default {in_flight}) is kept by
`kafka_consumer`: it takes no new messages while so many are live, whoever started them. The limit below is
Airflow's; the difference is room for runs started by hand and for later attempts of older batches, which
do not wait for `MAX_RUNS_IN_FLIGHT`."""
_SCHEDULES = {None: "started by another DAG or by hand", "@continuous": "the next run starts when one ends"}


def dags_page(folder: Path) -> str:
    """Each DAG: its manual, schedule, tasks, arrows and parameters.

    Raises:
        ConfigurationError: a DAG file cannot be imported.
    """
    intro = _INTRO.format(in_flight=AirflowSettings.model_fields["max_runs_in_flight"].default)
    return page("DAGs", "the files in `dags/`", intro, *map(_dag, dag_facts(folder)))


def _dag(dag: DagFacts) -> str:
    manual = dag["doc_md"].split("\n", 1)[1].strip() if dag["doc_md"].startswith("#") else dag["doc_md"]
    schedule = _SCHEDULES.get(dag["schedule"], f"`{dag['schedule']}`")
    facts = f"**Schedule**: {schedule}; {_limit(dag['max_active_runs'])} at once."
    blocks = [f"## {dag['dag_id']}", manual, facts, _arrows(dag["tasks"]), _tasks(dag["tasks"]), _params(dag)]
    return "\n\n".join(block for block in blocks if block)


def _limit(runs: int) -> str:
    return "one run" if runs == 1 else f"at most {runs} runs"


def _arrows(tasks: Sequence[DagFacts]) -> str:
    """A diagram; the thick frame of a mapped task says that it runs once an item."""
    boxes = [
        f"    {_node(t)}{'[[' if t['is_mapped'] else '['}{_name(t)}{']]' if t['is_mapped'] else ']'}"
        for t in tasks
    ]
    names = {task["task_id"]: _node(task) for task in tasks}
    arrows = [f"    {_node(task)} --> {names[after]}" for task in tasks for after in task["downstream"]]
    return "\n".join(["```mermaid", "flowchart LR", *boxes, *arrows, "```"])


def _tasks(tasks: Sequence[DagFacts]) -> str:
    rows = (
        (
            code(task["task_id"]),
            "yes" if task["is_mapped"] else "",
            code(task["trigger_rule"]),
            code(task["pool"]),
            task["words"],
        )
        for task in tasks
    )
    return table(("Task", "Mapped", "Runs when upstream is", "Pool", "What it does"), rows)


def _params(dag: DagFacts) -> str:
    """What the trigger form asks for; nothing where there is no form."""
    if not dag["params"]:
        return ""
    rows = ((code(p["name"]), code(json.dumps(p["default"])), p["description"]) for p in dag["params"])
    return table(("Parameter", "Default", "What it is"), rows)


def _node(task: DagFacts) -> str:
    return str(task["task_id"]).replace(".", "_")


def _name(task: DagFacts) -> str:
    return str(task["task_id"]).rsplit(".", 1)[-1]
