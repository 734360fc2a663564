"""Markdown as the generated pages use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

COMMAND = "scripts/sync"


def page(title: str, source: str, *blocks: str) -> str:
    """A generated page: its title, where its words come from, and the blocks with empty lines between.

    Args:
        title: the heading.
        source: what to edit in place of the page, in Markdown.
        blocks: Markdown; empty ones are left out.
    """
    head = f"# {title}\n\n*Do not edit: `{COMMAND}` writes this page from {source}.*"
    return "\n\n".join(block.strip("\n") for block in (head, *blocks) if block) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars and line ends in cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: str) -> str:
    """Text in a code span; nothing where there is none.

    In a table a bar needs HTML: how a code span escapes one differs between those who show it.
    """
    if "|" in text:
        return f"<code>{escape(text).replace('|', '&#124;')}</code>"
    return f"`{text}`" if text else ""


def codes(names: Iterable[str]) -> str:
    """Names in code spans, with commas."""
    return ", ".join(map(code, names))


def anchor(heading: str) -> str:
    """The fragment that a plain heading has on GitHub: `## Silver layer` is `#silver-layer`."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return "#" + kept.replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
