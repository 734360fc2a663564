"""docs/messages.md: how a message ends that does not become a searchable video."""

from __future__ import annotations

from datalake.ingest.reasons import REASONS
from datalake.reference.markdown import code, page, table

_INTRO = """\
Every message ends with one outcome in `ledger.outcome`. `done`: the video is in the tables. `quarantined`:
something is wrong with the video, and the reason is the code of a [finding](findings.md). The others are
below, each with what stands in `ledger.reason`. What was rejected, quarantined or failed is also published on
the dead-letter topic, with the reason in a header; `datalake dlq` lists, shows, replays and drops these
letters. The fields of a message are in [schemas](schemas.md)."""
_WORDS = {
    "rejected": "The message cannot be read as a record, so no video was looked at. Send a corrected one; "
    "`datalake retry` reads the stored bytes again where settings or code have changed.",
    "duplicate": "The message was read, and changed nothing. No dead letter.",
    "cancelled": "A person called the message off. No dead letter.",
    "failed": "The pipeline is to blame, and gave up.",
}


def messages_page() -> str:
    """Every reason by outcome."""
    sections = (
        f"## {outcome}\n\n{_WORDS[outcome]}\n\n{_table(reasons)}" for outcome, reasons in REASONS.items()
    )
    return page("Messages", "`datalake/ingest/reasons.py`", _INTRO, *sections)


def _table(reasons: dict[str, str]) -> str:
    return table(("Reason", "What is wrong, and what to do"), ((code(k), v) for k, v in reasons.items()))
