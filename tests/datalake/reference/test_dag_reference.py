from __future__ import annotations

from pathlib import Path

import pytest

from datalake.errors import ConfigurationError
from datalake.reference.dag_facts import dag_facts
from datalake.reference.dag_reference import dags_page
from datalake.reference.sync import DAGS

DAG = '''\
"""
### Little

Two tasks.
"""
from airflow.sdk import dag, task

@dag(schedule="@daily", doc_md=__doc__, params={"day": 1})
def little():
    @task
    def first():
        """Begin."""
    @task
    def second(number):
        """Go on."""
    first() >> second.expand(number=[1])

little()
'''


@pytest.fixture(scope="module")
def our_page() -> str:
    return dags_page(DAGS)


def test_a_dag_shows_manual_schedule_tasks_arrows_and_parameters(tmp_path: Path) -> None:
    (tmp_path / "little.py").write_text(DAG, "utf-8")
    text = dags_page(tmp_path)
    assert "## little\n\nTwo tasks.\n\n**Schedule**: `@daily`;" in text
    assert "    first[first]\n    second[[second]]\n    first --> second\n" in text
    assert "| `first` |  | `all_success` | `default_pool` | Begin. |" in text
    assert "| `second` | yes | `all_success` | `default_pool` | Go on. |" in text
    assert "| `day` | `1` |  |" in text


def test_how_many_runs_there_are_is_said_in_words(our_page: str) -> None:
    assert "; one run at once." in our_page
    assert "`MAX_RUNS_IN_FLIGHT` (by default 2)" in our_page


def test_a_file_that_cannot_be_imported_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from airflow.sdk import dag\nraise ValueError('no such town')\n", "utf-8"
    )
    with pytest.raises(ConfigurationError, match=r"broken\.py: .*no such town"):
        dag_facts(tmp_path)


def test_our_dags_are_there_with_every_task_explained(our_page: str) -> None:
    for dag_id in (path.stem for path in DAGS.glob("*.py")):
        assert f"\n## {dag_id}\n" in our_page
    rows = [
        line.split(" | ")
        for line in our_page.splitlines()
        if line.startswith("| `") and line.count(" | ") == 4
    ]
    assert len(rows) >= 8
    assert [cells[0] for cells in rows if not cells[4].strip(" |")] == []


def test_no_folder_of_this_machine_is_named(our_page: str) -> None:
    assert str(DAGS.parent) not in our_page
