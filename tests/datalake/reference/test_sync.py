from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datalake import pipeline
from datalake.reference.settings_reference import BEGIN, END
from datalake.reference.sync import main
from datalake.settings import PROJECT_ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text(f"# Title\n{BEGIN}{END}\n", "utf-8")
    return tmp_path


@pytest.fixture
def executed_notebooks(checkout: Path) -> None:
    """Those of this checkout, which need not run again while they are fresh."""
    for layer in pipeline.LAYERS:
        name = f"datalake/{layer}_layer/01_dag.ipynb"
        (checkout / name).parent.mkdir(parents=True)
        shutil.copyfile(PROJECT_ROOT / name, checkout / name)


def test_check_writes_nothing_names_each_stale_file_and_the_remedy(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], checkout) == 1
    assert [path.name for path in checkout.iterdir()] == ["README.md"]
    told = capsys.readouterr().out
    assert "stale: config/.env.example is missing" in told
    assert "stale: datalake/silver_layer/01_dag.ipynb is missing" in told
    for page in ("cli", "dags", "findings", "lake", "messages", "nodes", "schemas", "settings", "tables"):
        assert f"stale: docs/{page}.md is missing" in told
    assert "Refresh with: scripts/sync" in told


@pytest.mark.usefixtures("executed_notebooks")
def test_after_a_sync_check_is_quiet_and_a_second_sync_writes_nothing(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], checkout) == 0
    assert "writing: docs/schemas/video_arrived.json is missing" in capsys.readouterr().out
    assert main(["--check"], checkout) == 0
    assert main([], checkout) == 0
    assert capsys.readouterr().out == ""


def test_a_readme_without_markers_is_a_clear_error(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "README.md").write_text("# Title\n", "utf-8")
    assert main(["--check"], checkout) == 1
    assert "settings:begin" in capsys.readouterr().err
