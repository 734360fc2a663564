from __future__ import annotations

import json
import re
import tomllib

import pytest

from datalake.settings import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
LOCKED = tomllib.loads((PROJECT_ROOT / "poetry.lock").read_text("utf-8"))["package"]
BOOTSTRAP = (PROJECT_ROOT / "scripts" / "bootstrap_poetry.py").read_text("utf-8")


def instructions(word: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.startswith(f"{word} ")]


def test_the_base_is_the_official_image_of_the_locked_airflow() -> None:
    airflow = next(package["version"] for package in LOCKED if package["name"] == "apache-airflow")
    assert instructions("ARG") == [f"AIRFLOW_IMAGE=apache/airflow:{airflow}-python3.12"]
    assert [line.split()[0] for line in instructions("FROM")] == ["${AIRFLOW_IMAGE}"] * 2


def test_poetry_is_the_one_of_the_scripts() -> None:
    pinned = re.search(r'POETRY = "([\d.]+)"', BOOTSTRAP)
    assert pinned
    assert f"poetry=={pinned[1]}" in TEXT


def test_the_locked_packages_are_installed_without_tests_and_servers() -> None:
    assert any("poetry install --only main --no-root" in line for line in instructions("RUN"))


def test_the_lock_is_copied_before_the_code_so_that_code_changes_rebuild_little() -> None:
    copies = instructions("COPY")
    lock = next(i for i, line in enumerate(copies) if "poetry.lock" in line)
    code = next(i for i, line in enumerate(copies) if line.endswith("datalake ./datalake"))
    assert lock < code


def test_nothing_runs_as_root_at_the_end() -> None:
    last_stage = TEXT.rpartition("FROM ")[2]
    assert "USER root" not in last_stage
    assert [line.split()[0] for line in instructions("USER")] == ["root", "airflow"]


@pytest.mark.parametrize("line", [line for line in instructions("COPY") if "--from" not in line])
def test_every_copied_file_exists_and_reaches_the_builder(line: str) -> None:
    *sources, _ = [word for word in line.split() if not word.startswith("--")]
    ignore = (PROJECT_ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = [rule[1:] for rule in ignore if rule.startswith("!")]
    for source in sources:
        assert (PROJECT_ROOT / source).exists(), source
        assert any(source == rule or source.startswith(f"{rule}/") for rule in allowed), source


def test_the_entry_point_is_executable_and_ends_in_the_images_own() -> None:
    [entry_point] = instructions("ENTRYPOINT")
    assert json.loads(entry_point)[-1] == "/opt/datalake/entrypoint"
    script = PROJECT_ROOT / "deploy" / "docker" / "entrypoint"
    assert script.stat().st_mode & 0o111
    assert script.read_text("utf-8").splitlines()[-1] == 'exec /entrypoint "$@"'
