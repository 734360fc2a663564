"""The pinned Poetry, and how it fills `.venv`. Standard library only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path

from bootstrap_console import (
    ROOT,
    BootstrapError,
    Progress,
    environment,
    explain,
    is_network_failure,
    run,
    say,
    step,
)

POETRY = "2.5.1"
TOOLS = (f"poetry=={POETRY}", "poetry-plugin-pypi-mirror==0.6.5")
VENV = ROOT / ".venv"
UNFINISHED = VENV / ".bootstrap-unfinished"
CACHE = ROOT / ".cache"
POETRY_VENV = CACHE / f"poetry-{POETRY}"


def venv_python(venv: Path) -> Path:
    """The interpreter of a virtual environment."""
    return venv / "bin" / "python"


def works(venv: Path, probe: str) -> bool:
    """True when the environment's interpreter still runs, and can run `probe`."""
    try:
        done = subprocess.run([venv_python(venv), "-c", probe], env=environment(), capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


def create_venv(venv: Path) -> None:
    """A fresh virtual environment, in the place of whatever was there."""
    shutil.rmtree(venv, ignore_errors=True)
    base = getattr(sys, "_base_executable", None) or sys.executable
    run([base, "-m", "venv", venv])


def ensure_poetry() -> Path:
    """The pinned Poetry, away from `.venv`: its own dependencies would clash with the locked ones.

    Returns:
        The interpreter that runs it with `-m poetry`.
    """
    probe = f"import importlib.metadata as m; assert m.version('poetry') == '{POETRY}'"
    if not works(POETRY_VENV, f"{probe}; m.version('poetry-plugin-pypi-mirror')"):
        with step(f"installing Poetry {POETRY}"):
            create_venv(POETRY_VENV)
            run([venv_python(POETRY_VENV), "-m", "pip", "install", "--quiet", *TOOLS])
    return venv_python(POETRY_VENV)


def pip_option(poetry_python: Path, name: str) -> str:
    """What pip would use for an option, from its files and the environment; empty when unset."""
    code = (
        "from pip._internal.commands import create_command as c;"
        f"print(c('install').parser.parse_args([])[0].{name} or '')"
    )
    return run([poetry_python, "-c", code]).strip()


def writable(folder: Path) -> bool:
    """True when files can be made in a folder, or it could be made."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(existing, os.W_OK | os.X_OK)


def poetry_environment(poetry_python: Path) -> dict[str, str]:
    """Poetry in `.venv`, through pip's index (Poetry alone asks for JSON, which company mirrors lack)."""
    env = environment(
        VIRTUAL_ENV=str(VENV), POETRY_VIRTUALENVS_CREATE="true", POETRY_VIRTUALENVS_IN_PROJECT="true"
    )
    env.setdefault("POETRY_PYPI_MIRROR_URL", pip_option(poetry_python, "index_url"))
    if certificate := pip_option(poetry_python, "cert"):
        env.setdefault("REQUESTS_CA_BUNDLE", certificate)
    env.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")  # none to unlock over SSH
    cache = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or "/nonexistent") / ".cache")
    if not writable(cache):
        env.setdefault("POETRY_CACHE_DIR", str(CACHE / "pypoetry"))
    return env


def install_packages(poetry_python: Path) -> None:
    """`poetry install`, once more if the network failed on the way.

    Raises:
        BootstrapError: Poetry failed.
    """
    env = poetry_environment(poetry_python)
    UNFINISHED.touch()
    code, words = _poetry_install(poetry_python, env)
    if code and is_network_failure(words):
        say("the network failed on the way; once more")
        code, words = _poetry_install(poetry_python, env)
    UNFINISHED.unlink()
    if code:
        raise BootstrapError(explain("poetry install failed", words))


def _poetry_install(poetry_python: Path, env: dict[str, str]) -> tuple[int, list[str]]:
    """One run of `poetry install` with progress: exit code and its last words."""
    words: deque[str] = deque(maxlen=30)
    progress = Progress()
    with subprocess.Popen(
        [str(poetry_python), "-m", "poetry", "install", "--no-interaction", "--no-ansi"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            words.append(line.rstrip())
            progress.feed(line)
    progress.close()
    return process.returncode, list(words)
