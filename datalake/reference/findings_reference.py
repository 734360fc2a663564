"""docs/findings.md: what can be noticed about a video, and what it stops in which mode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from datalake.contracts import ValidationMode
from datalake.findings import FINDINGS, SECTIONS, Kind, blocking, finding
from datalake.reference.markdown import code, page, table

_MODES: tuple[ValidationMode, ...] = get_args(ValidationMode)
_BLANK = re.compile(r"\{(\w+)\}")
_INTRO = """\
Whatever is noticed about a video is kept with it as a finding: a stable code, a severity, what was
measured, and what the sender can do. Findings are in PostgreSQL (`ledger.findings`), in the e-mail, and
in the dead letter of a video that was stopped.

`VALIDATION_MODE`, or `options.validation_mode` of a message, says what an error stops:

* **strict**: every error. The video ends `quarantined`.
* **lenient**: errors that leave nothing to work on (*fatal*). After any other the usable part goes on:
  the frames that can be decoded, or the first `MAX_DURATION_S` of a video that is too long. A file in which
  no picture track can be read has no usable part: any error stops it.
* **report-only**: nothing that is wrong with the video. A file of which no frame can be decoded becomes
  a video with none, `done` with its findings.

Without bytes there is nothing to report on: `source_*` and `too_large` quarantine in every mode. So does
`code_failed`, an error of our own: nothing is remembered of the bytes. Warnings and infos stop nothing.

A *message* that cannot be read never gets this far: [messages](messages.md) has those reasons."""


def findings_page() -> str:
    """Every finding by section."""
    sections = (f"## {title}\n\n{_table(kinds)}" for title, kinds in SECTIONS.items())
    return page("Findings", "`datalake/findings.py`", _INTRO, *sections)


def _table(kinds: dict[str, Kind]) -> str:
    header = ("Code", "Severity", "Quarantines in", "What to do")
    return table(header, (tuple(_row(code_)) for code_ in kinds))


def _row(name: str) -> Iterator[str]:
    kind = FINDINGS[name]
    yield code(name)
    yield f"{kind.severity}, fatal" if kind.fatal else kind.severity
    modes = [mode for mode in _MODES if _stops(name, mode)]
    yield "every mode" if len(modes) == len(_MODES) else ", ".join(modes)
    yield _BLANK.sub(r"the \1", kind.remedy)


def _stops(name: str, mode: ValidationMode) -> bool:
    """True when a video with nothing but this finding ends in this mode."""
    blanks = dict.fromkeys(_BLANK.findall(FINDINGS[name].remedy), "")
    return bool(blocking([finding(name, "", **blanks)], mode))
