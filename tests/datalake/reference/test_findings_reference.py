from __future__ import annotations

import re

import pytest

from datalake.findings import FINDINGS
from datalake.reference.findings_reference import findings_page


def row(code: str) -> list[str]:
    [line] = re.findall(rf"^\| `{code}` \|(.*)\|$", findings_page(), re.MULTILINE)
    return [cell.strip() for cell in line.split(" | ")]


@pytest.mark.parametrize("code", FINDINGS)
def test_every_finding_is_there_once_with_a_remedy_without_blanks(code: str) -> None:
    severity, _, remedy = row(code)
    assert severity.split(",")[0] in ("error", "warning", "info")
    assert remedy
    assert "{" not in remedy


@pytest.mark.parametrize(
    ("code", "severity", "modes"),
    [
        ("source_missing", "error, fatal", "every mode"),
        ("not_a_video", "error, fatal", "strict, lenient"),
        ("truncated", "error", "strict"),
        ("black_video", "warning", ""),
    ],
)
def test_what_stops_a_video_in_which_mode(code: str, severity: str, modes: str) -> None:
    assert row(code)[:2] == [severity, modes]
