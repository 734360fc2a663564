from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datalake.settings import PROJECT_ROOT

LAUNCHERS = ("demo", "test", "check", "sync", "down")
_TELL = """\
import os, sys
print(sys.executable, os.getcwd(), sys.dont_write_bytecode, os.environ.get("PYTHONPATH"), sep="\\n")
"""


def launch(script: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(script), *arguments], env=environment, cwd="/", capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def telling(checkout: Path) -> Path:
    """A checkout whose bootstrap only tells how it was run."""
    (checkout / "scripts" / "bootstrap.py").write_text(_TELL, "utf-8")
    return checkout


@pytest.mark.parametrize("name", LAUNCHERS)
def test_launchers_are_short_executable_and_say_what_they_do(name: str) -> None:
    script = PROJECT_ROOT / "scripts" / name
    lines = script.read_text("utf-8").splitlines()
    assert lines[0] == "#!/bin/sh"
    assert lines[1].startswith("# ")
    assert len(lines) <= 30
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", str(script)]).returncode == 0


def test_a_shim_that_fails_is_passed_over_and_the_environment_is_cleaned(
    telling: Path, shell_environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    weird = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "/nowhere", "PYTHONOPTIMIZE": "2"}
    done = launch(telling / "scripts" / "test", shell_environment | weird)
    executable, folder, no_bytecode, python_path = done.stdout.splitlines()[:4]
    assert subprocess.run([executable, "-c", ""]).returncode == 0
    assert (folder, no_bytecode, python_path) == (str(telling), "False", "None")


def test_the_python_that_is_asked_for_is_taken(telling: Path, shell_environment: dict[str, str]) -> None:
    done = launch(telling / "scripts" / "test", shell_environment | {"PYTHON": sys.executable})
    assert done.stdout.splitlines()[0] == sys.executable


@pytest.mark.parametrize("python", ["/no/such/python", "/bin/false"])
def test_without_a_usable_python_the_remedies_are_named(
    telling: Path, shell_environment: dict[str, str], python: str
) -> None:
    done = launch(telling / "scripts" / "demo", shell_environment | {"PYTHON": python})
    assert done.returncode == 1
    assert "apt-get install python3 python3-venv" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", LAUNCHERS)
@pytest.mark.parametrize("system", ["Darwin", "MINGW64_NT-10.0-19045"])
def test_on_another_system_it_says_so_in_one_line_and_does_nothing(
    telling: Path, shell_environment: dict[str, str], tmp_path: Path, system: str, name: str
) -> None:
    uname = tmp_path / "bin" / "uname"
    uname.unlink()
    uname.write_text(f"#!/bin/sh\necho {system}\n", "utf-8")
    uname.chmod(0o755)
    (telling / ".embedded").mkdir()
    done = launch(telling / "scripts" / name, shell_environment | {"PYTHON": sys.executable})
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "Linux only" in line
    assert "WSL2" in line
    assert "docker compose up" in line


def test_down_without_a_stack_installs_nothing(checkout: Path, shell_environment: dict[str, str]) -> None:
    done = launch(checkout / "scripts" / "down", shell_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing runs" in done.stdout
    assert not (checkout / ".venv").exists()


def test_a_failed_bootstrap_stops_the_launcher(checkout: Path, shell_environment: dict[str, str]) -> None:
    (checkout / "scripts" / "bootstrap.py").write_text("raise SystemExit(3)", "utf-8")
    done = launch(checkout / "scripts" / "test", shell_environment | {"PYTHON": sys.executable})
    assert (done.returncode, done.stdout) == (3, "")


def test_check_runs_every_step_and_names_those_that_failed(
    checkout: Path, shell_environment: dict[str, str]
) -> None:
    (checkout / "scripts" / "bootstrap.py").write_text("", "utf-8")
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *mypy*) exit 1;; "-m ruff"*) exit 0;; esac\nexec "{sys.executable}" "$@"\n',
        "utf-8",
    )
    python.chmod(0o755)
    done = launch(checkout / "scripts" / "check", shell_environment)
    assert re.findall(r"^== (.*)", done.stdout, re.MULTILINE) == [
        "ruff check",
        "ruff format",
        "mypy",
        "import-linter",
        "generated files",
        "lock file",
    ]
    assert done.returncode == 1
    assert "mypy" in done.stderr.splitlines()[-1]
    assert "ruff" not in done.stderr.splitlines()[-1]


def test_ci_runs_the_tests_also_when_a_check_failed(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT_ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "scripts").mkdir()
    for name, code in (("check", 1), ("test", 0)):
        script = tmp_path / "scripts" / name
        script.write_text(f"#!/bin/sh\necho {name}\nexit {code}\n", "utf-8")
        script.chmod(0o755)
    done = subprocess.run([str(tmp_path / ".ci" / "run")], cwd="/", capture_output=True, text=True)
    assert done.stdout.split() == ["check", "test"]
    assert done.returncode == 1
