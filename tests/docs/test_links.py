from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from datalake.settings import PROJECT_ROOT

FOLDERS = "datalake|dags|docs|scripts|tests|config|deploy|adapters"
_PATH = re.compile(rf"(?:(?:{FOLDERS})/[\w/.*{{}},-]*|\.ci/\w+|[\w-]+\.(?:py|toml|md|yml|lock))")
LATER = ("config/client.properties",)  # made by the user or the stack, and ignored by git
PAGES = [path for pattern in ("*.md", "docs/**/*.md") for path in sorted(PROJECT_ROOT.glob(pattern))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent == PROJECT_ROOT], ids=lambda page: page.name
)
def test_every_path_that_is_named_exists(page: Path) -> None:
    assert missing_paths(page.read_text("utf-8")) == []


def test_readme_and_contributing_name_paths() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        assert len(named_paths((PROJECT_ROOT / name).read_text("utf-8"))) > 10


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`datalake/no_such.py` and `docs/schemas/VideoArrived.json`", 2),
        ("`datalake/*_layer/none.ipynb` `datalake/{bronze,copper}_layer/`", 2),
        ("```bash\nscripts/dance && python nothing.py --help\n```", 2),
        (
            "`producer.py --help` `adapters/memory/` `.env` `videos/a.mp4` `http://localhost:80` `tasks.py`",
            0,
        ),
    ],
)
def test_a_path_that_is_not_there_is_found(text: str, missing: int) -> None:
    assert len(missing_paths(text)) == missing


def named_paths(text: str) -> set[str]:
    """Paths of the checkout in code spans and shell blocks; not those that are made later."""
    text = re.sub(r"<!-- (\w+):begin -->.*?<!-- \1:end -->", "", text, flags=re.DOTALL)
    blocks = re.findall(r"^```bash\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    words = [word for code in (*blocks, *spans) for word in re.sub(r"#.*", "", code).split()]
    return {word for word in words if _PATH.fullmatch(word) and word not in LATER}


def missing_paths(text: str) -> list[str]:
    roots = (PROJECT_ROOT, PROJECT_ROOT / "datalake")
    return [
        name
        for name in sorted(named_paths(text))
        if not all(any(any(root.glob(one)) for root in roots) for one in _alternatives(name))
    ]


def _alternatives(name: str) -> list[str]:
    """`{a,b}_layer` stands for both."""
    found = re.search(r"\{([^}]*)\}", name)
    if found is None:
        return [name]
    return [name[: found.start()] + one + name[found.end() :] for one in found[1].split(",")]


def test_the_changelog_has_a_place_for_the_next_release_and_knows_this_one() -> None:
    text = (PROJECT_ROOT / "CHANGELOG.md").read_text("utf-8")
    version = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    released = re.findall(r"^## \[([\d.]+)\]", text, re.MULTILINE)
    assert "## [Unreleased]" in text
    assert released[:1] in ([], [version])


@pytest.mark.parametrize(
    "page",
    [
        PROJECT_ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "docs/README.md", "docs/architecture.md")
    ]
    + sorted((PROJECT_ROOT / "docs/adr").glob("*.md")),
    ids=lambda page: page.name,
)
def test_prose_that_is_written_by_hand_is_wrapped(page: Path) -> None:
    assert long_lines(page.read_text("utf-8")) == []


def test_a_long_line_is_found_but_for_tables_and_blocks() -> None:
    long = "word " * 30
    assert long_lines(f"short\n{long}\n| {long} |\n```text\n{long}\n```\n") == [long]


def long_lines(text: str) -> list[str]:
    """Lines of more than 120 characters that an editor could wrap: neither tables nor code."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")]
