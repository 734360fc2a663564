from __future__ import annotations

import re

import pytest
from typer.main import get_command

from datalake.reference.cli_reference import cli_page, command_words, comment
from datalake.serving.cli import app
from datalake.settings import PROJECT_ROOT

COMMANDS = [" ".join(("datalake", *words)) for words in command_words(get_command(app))]


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """The page's text by heading."""
    parts = re.split(r"^#{2,3} (.+)$", cli_page(PROJECT_ROOT), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_commands_of_groups_are_found() -> None:
    assert {"datalake up", "datalake search", "datalake dlq list", "datalake offsets accept"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help_and_an_example(sections: dict[str, str], name: str) -> None:
    assert f"Usage: {name}" in sections[name]
    assert re.search(rf"^  Example: {name}\b", sections[name], re.MULTILINE)


def test_the_producer_is_there_with_its_examples(sections: dict[str, str]) -> None:
    assert "--dry-run" in sections["producer.py"]
    assert "producer.py videos/holiday.mp4" in sections["producer.py"]


def test_every_script_says_what_it_does(sections: dict[str, str]) -> None:
    rows = re.findall(r"^\| `scripts/(\w+)` \| (.+) \|$", sections["Scripts"], re.MULTILINE)
    assert {"check", "demo", "down", "sync", "test"} == {name for name, words in rows if words}


def test_a_comment_ends_where_the_code_begins() -> None:
    assert comment("#!/bin/sh\n# One,\n# two.\nset -eu\n# three\n") == "One, two."
    assert comment("#!/bin/sh\nset -eu\n") == ""
