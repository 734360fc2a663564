"""The demo's last page; every check returns what is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy
from pathlib import Path

from rich.console import Console

from datalake.adapters.ports import Lake
from datalake.contracts import SearchHit
from datalake.demo.ledger_rows import Progress
from datalake.demo.messages import QUERIES, DemoMessage
from datalake.embedded.state import StackState
from datalake.ingest.ledger import LedgerBalance
from datalake.serving.contact_sheet import contact_sheet

_EQUAL = 1e-6  # scores of the same picture under two ids


def unexpected(sent: Sequence[DemoMessage], looked: Progress) -> list[str]:
    """Messages that did not end as they have to."""
    faults = []
    for message in sent:
        state = looked.states.get(message.sha256)
        ended = state.outcome if state else None
        if ended not in message.expected:
            faults.append(f"{message.video_id}: expected {' or '.join(message.expected)}, is {ended}")
        elif message.reason and state and state.reason != message.reason:
            faults.append(f"{message.video_id}: expected {message.reason}, is {state.reason}")
    if looked.unpublished_letters or looked.unsent_mails:
        faults.append(f"{looked.unpublished_letters} letters and {looked.unsent_mails} mails still wait")
    return faults


def balance(console: Console, found: LedgerBalance) -> list[str]:
    """The broker's own count against the ledger's."""
    ended = " + ".join(f"{count} {outcome}" for outcome, count in sorted(found.outcomes.items()))
    under_way = [
        f"{n} {what}" for n, what in ((found.in_progress, "in progress"), (found.unread, "unread")) if n
    ]
    sign = "[green]=[/]" if found.balances else "[red]≠[/]"
    console.print(
        f"  Ledger: {found.arrived + found.typed} arrived (the broker's offsets) {sign} "
        + " + ".join([ended, *under_way])
    )
    return [] if found.is_settled else ["the ledger does not balance, or something is still under way"]


def counts(console: Console, found: Mapping[str, int], points: int) -> None:
    """Rows of PostgreSQL and points of Qdrant."""
    rows = ", ".join(f"{name} {count}" for name, count in found.items())
    console.print(f"  PostgreSQL: {rows}\n  Qdrant: points {points}\n")


def goodbye(console: Console, state: StackState) -> None:
    """Where to go from here."""
    console.rule("[bold]The stack goes on")
    console.print(
        f"  Airflow   {state.airflow_url}   user {state.airflow_user}, password {state.airflow_password}\n"
        '  search    .venv/bin/datalake search "a dog on a beach"\n'
        "  send      .venv/bin/python producer.py videos/\n"
        "  stop      scripts/down\n"
    )


def searches(console: Console, found: Mapping[str, Sequence[SearchHit]]) -> list[str]:
    """What the searches found, each with its best frame."""
    faults = []
    for query in QUERIES:
        hits = found[query.words]
        if not hits:
            faults.append(f"“{query.words}” finds nothing")
            continue
        best = hits[0]
        moment = f"[bold]{best.video_id}[/] at {best.time_s:.1f} s, score {best.score:.2f}"
        console.print(f'  datalake search "{query.words}": {moment}')
        console.print(f"    [dim]{best.frame_uri}[/]", soft_wrap=True)
        if query.video_id not in {hit.video_id for hit in hits if hit.score >= best.score - _EQUAL}:
            faults.append(f"“{query.words}” finds {best.video_id} first, not {query.video_id}")
    return faults


def sheet(console: Console, found: Mapping[str, Sequence[SearchHit]], lake: Lake, path: Path) -> None:
    """The frames that were found, drawn into one picture."""
    if not any(found.values()):
        return
    path.write_bytes(contact_sheet(found, lake))
    console.print(f"  Contact sheet of what the searches found:\n  [bold]{path}[/]\n", soft_wrap=True)


def mail(console: Console, folder: Path) -> None:
    """The newest mail that the sink caught."""
    mails = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime)
    if not mails:
        console.print("\n  No mail here: it went to the SMTP server in .env, or the batch held nothing new.")
        return
    newest = message_from_bytes(mails[-1].read_bytes(), policy=policy.default)
    console.print(f"\n  E-mail to {newest['To']}: [bold]{newest['Subject']}[/]\n  {mails[-1]}")


def dead_letters(console: Console, letters: Mapping[str, str], sent: Sequence[DemoMessage]) -> list[str]:
    """The letters in the dead-letter topic for what must not get through, by payload hash."""
    faults = []
    for message in sent:
        if "done" in message.expected:
            continue
        reason = letters.get(message.sha256)
        console.print(f"  dead letter: {message.video_id}: [yellow]{reason}[/]")
        if reason != message.reason:
            faults.append(f"{message.video_id}: its dead letter says {reason}, not {message.reason}")
    return faults


def verdict(console: Console, faults: Sequence[str]) -> int:
    """The last line, and the exit code."""
    for fault in faults:
        console.print(f"[red]✗ {fault}[/]")
    if not faults:
        console.print("[green]✓ every message is accounted for, and every outcome is the expected one[/]")
    return 1 if faults else 0
