from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import datalake
from datalake.adapters.ports import Verdict
from datalake.ingest.reasons import REASONS

_PACKAGE = Path(datalake.__file__).parent


def reasons_in(text: str) -> Iterator[tuple[str, str]]:
    """Outcome and reason wherever the code spells both out."""
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func).rsplit(".", 1)[-1]
        words = [one.value if isinstance(one, ast.Constant) else None for one in call.args]
        named = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
        if name == "BadMessage" and words and isinstance(words[0], str):
            yield "rejected", words[0]
        elif name == "ended" and len(words) > 1 and isinstance(words[1], str):
            yield str(words[0]), words[1]
        elif name == "Outcome" and "reason" in named:
            yield str(named["kind"]), str(named["reason"])


def test_every_reason_that_the_code_gives_is_listed_and_no_other() -> None:
    files = _PACKAGE.rglob("*.py")
    given = {reason for file in files for reason in reasons_in(file.read_text("utf-8"))}
    given |= {("duplicate", verdict) for verdict in get_args(Verdict) if verdict not in ("write", "closed")}
    listed = {(outcome, reason) for outcome, reasons in REASONS.items() for reason in reasons}
    assert len(given) > 15
    assert given == listed


def test_a_reason_is_found_in_each_way_of_writing_it() -> None:
    calls = (
        'BadMessage("a", x)',
        'row.ended("rejected", "b", x)',
        'Outcome(kind="failed", reason="c")',
        "ended(x)",
    )
    assert list(reasons_in("\n".join(calls))) == [("rejected", "a"), ("rejected", "b"), ("failed", "c")]
