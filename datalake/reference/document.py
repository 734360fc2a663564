"""A generated file: what it should say, and how the one on disk differs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Document:
    """A text file that is fully determined by the code."""

    path: Path
    text: str

    def staleness(self) -> str | None:
        """How the file on disk differs from the code, in one line; None when it does not."""
        current = read(self.path)
        return None if current == self.text else first_difference(current, self.text)

    def write(self) -> None:
        """Bring the file up to date."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.text, encoding="utf-8")


def read(path: Path) -> str | None:
    """The file's text; None when there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def first_difference(current: str | None, wanted: str) -> str:
    """The first line that was lost or is missing."""
    if current is None:
        return "is missing"
    lines = difflib.ndiff(current.splitlines(), wanted.splitlines())
    changed = next((line for line in lines if line[:2] in ("- ", "+ ")), None)
    if changed is None:
        return "differs in its line ends"
    verb = "still says" if changed.startswith("-") else "lacks"
    return f"{verb} {changed[2:].strip()[:100]!r}"
