"""Parse, policy and structure of every DAG file."""

import ast
import subprocess
import sys
from types import SimpleNamespace

import pytest
from jinja2 import Template

HEAVY = (
    "torch",
    "cv2",
    "hamilton",
    "psycopg2",
    "qdrant_client",
    "confluent_kafka",
    "open_clip",
    "av",
    "numpy",
)


def test_every_file_parses_and_gives_one_dag_of_its_name(dag_bag, dag_files):
    assert dag_bag.import_errors == {}
    assert sorted(dag_bag.dags) == [file.stem for file in dag_files]


def test_every_dag_has_its_manual_tags_and_retries(dag_bag):
    for dag in dag_bag.dags.values():
        assert len(dag.doc_md) > 200, dag.dag_id
        assert "video" in dag.tags, dag.dag_id
        for task in dag.tasks:
            assert task.retries >= 3, f"{dag.dag_id}.{task.task_id} is not retried when a service is away"
            assert task.retry_exponential_backoff, f"{dag.dag_id}.{task.task_id}"


def test_dag_files_are_a_docstring_and_arrows(dag_files):
    for file in dag_files:
        source = file.read_text()
        assert source.count("\n") <= 100, f"{file.name} is too long"
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.If | ast.For | ast.While | ast.Try), f"{file.name}:{node.lineno}"


def test_parsing_imports_nothing_heavy(dag_files):
    script = (
        "import runpy, sys\n"
        "for file in sys.argv[1:]: runpy.run_path(file)\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    files = [str(file) for file in dag_files]
    before = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    after = subprocess.run(
        [sys.executable, "-c", script, *files], capture_output=True, text=True, check=True
    ).stdout.splitlines()[-1]
    assert before == []
    assert after.split() == []


@pytest.mark.parametrize(
    ("dag_id", "edges"),
    [
        (
            "video_process",
            {
                "plan": {"layers.bronze"},
                "layers.bronze": {"layers.silver"},
                "layers.silver": {"layers.gold"},
                "layers.gold": {"notify"},
                "notify": set(),
            },
        ),
        ("kafka_consumer", {"wait": {"claim"}, "claim": {"trigger"}, "trigger": set()}),
    ],
)
def test_the_arrows(dag_bag, dag_id, edges):
    dag = dag_bag.dags[dag_id]
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == edges


def test_silver_has_its_own_pool_and_every_layer_is_labelled_by_its_videos(dag_bag):
    dag = dag_bag.dags["video_process"]
    assert dag.get_task("layers.silver").pool == "silver"
    for layer in ("bronze", "silver", "gold"):
        task = dag.get_task(f"layers.{layer}")
        assert len(task.op_args) == 1, "the chunk, when the task runs"
        running = SimpleNamespace(op_args=[{"label": "a, b"}])
        assert Template(task.map_index_template).render(task=running) == "a, b"


def test_no_task_writes_what_it_hands_on_twice(dag_bag):
    """A function that returns a dict writes each key once more, if it is not told otherwise."""
    tasks = [task for dag in dag_bag.dags.values() for task in dag.tasks]
    assert [task.task_id for task in tasks if getattr(task, "multiple_outputs", False)] == []


def test_a_run_is_judged_by_notify_which_runs_whatever_happened(dag_bag):
    dag = dag_bag.dags["video_process"]
    assert [task.task_id for task in dag.tasks if not task.downstream_task_ids] == ["notify"]
    assert dag.get_task("notify").trigger_rule == "all_done"


def test_the_trigger_form_takes_a_list_of_uris(dag_bag):
    schema = dag_bag.dags["video_process"].params.get_param("uris").schema
    assert schema["items"] == {"type": "string"}
    assert "array" in schema["type"]


def test_one_consumer_at_a_time(dag_bag):
    dag = dag_bag.dags["kafka_consumer"]
    assert dag.max_active_runs == 1
    assert dag.timetable.__class__.__name__ == "ContinuousTimetable"
