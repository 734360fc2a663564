from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from datalake.settings import PROJECT_ROOT

PAGES = [path for pattern in ("*.md", "docs/**/*.md") for path in sorted(PROJECT_ROOT.glob(pattern))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_path_that_contributing_names_exists() -> None:
    text = (PROJECT_ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:datalake|dags|docs|scripts|tests|adapters)/[\w/*.-]*)`", text)
    missing = [
        name
        for name in named
        if not any(PROJECT_ROOT.glob(name)) and not any((PROJECT_ROOT / "datalake").glob(name))
    ]
    assert named
    assert missing == []


def test_the_changelog_has_a_place_for_the_next_release_and_knows_this_one() -> None:
    text = (PROJECT_ROOT / "CHANGELOG.md").read_text("utf-8")
    version = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    released = re.findall(r"^## \[([\d.]+)\]", text, re.MULTILINE)
    assert "## [Unreleased]" in text
    assert released[:1] in ([], [version])
