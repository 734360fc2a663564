from __future__ import annotations

from datalake.ingest.reasons import REASONS
from datalake.reference.messages_reference import messages_page


def test_every_reason_stands_below_its_outcome() -> None:
    page = messages_page()
    for outcome, reasons in REASONS.items():
        section = page.split(f"\n## {outcome}\n")[1].split("\n## ")[0]
        assert all(f"| `{reason}` | {words} |" in section for reason, words in reasons.items())
