"""Make `.venv` hold exactly the packages that poetry.lock names; done in a moment when it already does.

Standard library only. The launchers beside it run it with an interpreter that works (bootstrap.sh).
`bootstrap.py poetry <arguments>` runs the pinned Poetry with the same settings.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from bootstrap_console import NEEDED_GB, ROOT, BootstrapError, environment, say, step
from bootstrap_poetry import (
    CACHE,
    POETRY,
    UNFINISHED,
    VENV,
    create_venv,
    ensure_poetry,
    install_packages,
    poetry_environment,
    venv_python,
    works,
)

STAMP = VENV / ".bootstrap.json"


def digest() -> str:
    """Hash of all that decides which packages `.venv` holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named = [project["project"], project["tool"]["poetry"], POETRY]
    content = (ROOT / "poetry.lock").read_bytes() + json.dumps(named, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def wanted_stamp() -> dict[str, str]:
    """What the stamp says when nothing is left to do; the folder, because scripts hold its path."""
    return {"folder": str(ROOT), "packages": digest()}


def read_stamp() -> dict[str, str]:
    """What the last finished run left; empty when there was none."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def must_recreate() -> str | None:
    """Why `.venv` cannot be kept, or None."""
    if not VENV.exists():
        return "there is none yet"
    if not works(VENV, "import sys; assert (3, 11) <= sys.version_info < (3, 14)"):
        return "its Python does not run, or is not 3.11 to 3.13"
    if UNFINISHED.exists():
        return "an earlier run was killed while it installed"
    if read_stamp().get("folder", str(ROOT)) != str(ROOT):
        return "the checkout was moved"
    return None


def check_disk() -> None:
    """Refuse to start what would end with a full disk."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < NEEDED_GB:
        raise BootstrapError(
            f"only {free_gb:.1f} GB are free where the checkout lies; the packages need about {NEEDED_GB} GB."
        )


def ensure_venv() -> None:
    """`.venv` with an interpreter that runs."""
    reason = must_recreate()
    if reason is None:
        return
    if VENV.is_symlink():
        raise BootstrapError(
            f".venv has to be made here ({reason}), but it is a link to {VENV.readlink()}.\n"
            "  Remove the link (rm .venv), and run again."
        )
    check_disk()
    version = ".".join(map(str, sys.version_info[:3]))
    with step(f"creating .venv with Python {version} ({reason})"):
        create_venv(VENV)


def site_packages() -> Path:
    """Where `.venv` keeps its packages."""
    return next((VENV / "lib").glob("python3.*/site-packages"))


def doubles(folder: Path) -> dict[str, list[str]]:
    """Distributions that a site-packages folder holds in more than one version."""
    found: dict[str, list[str]] = {}
    for dist in distributions(path=[str(folder)]):
        found.setdefault(re.sub(r"[-_.]+", "-", dist.name).lower(), []).append(dist.version)
    return {name: sorted(versions) for name, versions in found.items() if len(versions) > 1}


def check_doubles(folder: Path) -> None:
    """Two versions in one folder overwrite each other: with torch's libraries, `import torch` crashes."""
    if twice := doubles(folder):
        names = "; ".join(f"{name} {' and '.join(versions)}" for name, versions in sorted(twice.items()))
        raise BootstrapError(
            f"installed in two versions: {names}.\n  Delete .venv and run again. If it comes back, "
            "poetry.lock names them twice: pin the version that torch asks for in pyproject.toml."
        )


def compile_packages() -> None:
    """Bytecode once, for all the processes that start at the same time later.

    The exit code is not looked at: some packages ship files for other Pythons, which do not compile.
    """
    subprocess.run(
        [venv_python(VENV), "-W", "ignore", "-m", "compileall", "-qq", "-j", "0", site_packages()],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def mend_entry_point() -> None:
    """Poetry names `.venv` in the first line of `datalake` as it is; the kernel reads it up to a space."""
    script = VENV / "bin" / "datalake"
    if " " in str(VENV) and script.exists():
        body = script.read_text("utf-8").partition("\n")[2]
        start = f"#!/bin/sh\n'''exec' '{venv_python(VENV)}' \"$0\" \"$@\"\n' '''\n"
        script.write_text(start + body, "utf-8")


def is_ready() -> bool:
    """True when the stamp says that nothing changed, and `.venv` runs (it does when it runs this)."""
    if UNFINISHED.exists() or read_stamp() != wanted_stamp():
        return False
    return Path(sys.prefix) == VENV or works(VENV, "pass")


def bootstrap() -> None:
    """Everything, in order.

    Raises:
        BootstrapError: a step failed.
    """
    if is_ready():
        return
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two launchers at once: the second waits, and finds it done
        ensure_venv()
        if is_ready():
            return
        STAMP.unlink(missing_ok=True)
        poetry_python = ensure_poetry()
        with step("installing the locked packages (several GB the first time)"):
            install_packages(poetry_python)
        mend_entry_point()
        check_doubles(site_packages())
        with step("compiling them"):
            compile_packages()
        STAMP.write_text(json.dumps(wanted_stamp()), "utf-8")


def poetry(arguments: list[str]) -> int:
    """Run the pinned Poetry on `.venv` and return its exit code."""
    python = ensure_poetry()
    command = [str(python), "-m", "poetry", *arguments]
    return subprocess.run(command, cwd=ROOT, env=poetry_environment(python)).returncode


def main(arguments: list[str]) -> int:
    """`poetry ...`, or the bootstrap."""
    try:
        if arguments[:1] == ["poetry"]:
            return poetry(arguments[1:])
        bootstrap()
        return 0
    except BootstrapError as error:
        say(str(error))
    except OSError as error:
        remedy = f"; free {NEEDED_GB} GB" if error.errno == errno.ENOSPC else ""
        say(f"{error.strerror}: {error.filename or ROOT}{remedy}")
    except KeyboardInterrupt:
        say("interrupted; run again to go on")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
