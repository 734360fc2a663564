"""docs/cli.md: every command with its own help, and the scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command
from typer.testing import CliRunner

from datalake.reference.markdown import code, page, table

_INTRO = """\
The scripts make `.venv` when it is missing. The rest needs it: `.venv/bin/python producer.py ...` and
`.venv/bin/datalake ...`. Results go to stdout, progress and errors to stderr; an error is one line and an
exit code that is not 0."""
_WIDTH = 100


def cli_page(root: Path) -> str:
    """The scripts of a checkout, its `producer.py`, then every command of `datalake`."""
    from datalake.serving.cli import app

    sections = {
        "Scripts": _scripts(root / "scripts"),
        "producer.py": _help(_producer(root), "producer.py"),
        "datalake": "\n\n".join(_commands(app, "datalake")),
    }
    blocks = (f"## {title}\n\n{text}" for title, text in sections.items())
    return page("Commands", "`scripts/`, `producer.py` and `datalake/serving/commands/`", _INTRO, *blocks)


def command_words(command: Any) -> Iterator[tuple[str, ...]]:
    """What one types for every command below a Click command, without those that only group others."""
    for word, below in command.commands.items():
        if hasattr(below, "commands"):
            yield from ((word, *words) for words in command_words(below))
        else:
            yield (word,)


def _commands(app: typer.Typer, name: str) -> Iterator[str]:
    for words in command_words(get_command(app)):
        yield f"### {' '.join((name, *words))}\n\n{_help(app, name, *words)}"


def _help(app: typer.Typer, name: str, *words: str) -> str:
    """What `--help` prints, the same on every terminal."""
    done = CliRunner().invoke(
        app, [*words, "--help"], prog_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    lines = (line.rstrip() for line in done.output.strip().splitlines())
    return "\n".join(["```text", *lines, "```"])


def _producer(root: Path) -> typer.Typer:
    """The app of a script that no package holds."""
    loader = SourceFileLoader("producer", str(root / "producer.py"))
    spec = ModuleSpec("producer", loader)
    module = module_from_spec(spec)
    loader.exec_module(module)
    app: typer.Typer = module.app
    return app


def _scripts(folder: Path) -> str:
    """Those that can be started, with the comment that they begin with."""
    launchers = sorted(path for path in folder.iterdir() if path.is_file() and not path.suffix)
    rows = ((code(f"scripts/{path.name}"), comment(path.read_text("utf-8"))) for path in launchers)
    return table(("Script", "What it does"), rows)


def comment(script: str) -> str:
    """The comment below a script's first line, in one line."""
    found = re.match(r"#!.*\n((?:# .*\n)*)", script)
    return " ".join(line.removeprefix("# ") for line in (found[1] if found else "").splitlines())
