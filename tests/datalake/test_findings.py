from __future__ import annotations

import re
from pathlib import Path

import pytest

import datalake
from datalake.findings import finding


def test_a_finding_carries_evidence_and_a_remedy_with_its_blanks_filled() -> None:
    found = finding("source_not_allowed", "ftp://host/x", setting="SOURCE_SCHEMES")
    assert found.severity == "error"
    assert found.evidence == "ftp://host/x"
    assert "SOURCE_SCHEMES" in found.remedy


def test_a_code_that_is_not_in_the_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        finding("no_such_code", "")


def test_every_code_that_is_used_is_in_the_table() -> None:
    folder = Path(datalake.__file__).parent
    used = {
        code
        for path in folder.rglob("*.py")
        for code in re.findall(r'\bfinding\("(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert {"truncated", "decoder_hung", "source_missing", "no_frames"} <= used
    for code in used:
        finding(code, "evidence", setting="A_SETTING")
