"""Which message about a video wins: the rule that every catalog follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from datalake.adapters.ports import Verdict
from datalake.contracts import ClaimedVideo, Outcome, WorkIdentity

DEAD_LETTER_KINDS = frozenset({"quarantined", "failed"})


@dataclass(frozen=True)
class CurrentVideo:
    """What a catalog knows about a video before a message changes it."""

    message_id: UUID
    version: tuple[int, int, int]
    work: WorkIdentity
    uri: str
    published_at: datetime | None


def verdict(current: CurrentVideo | None, claimed: ClaimedVideo, work: WorkIdentity) -> Verdict:
    """Whether the message is to be written; its own earlier writing is written again."""
    if current is None:
        return "write"
    if claimed.version < current.version:
        return "older_version"
    if current.message_id == claimed.message_id:
        return "write"
    arrived = claimed.arrived
    same = (current.work, current.uri, current.published_at) == (work, arrived.uri, arrived.published_at)
    return "unchanged" if same else "write"


def duplicate(reason: Verdict) -> Outcome:
    """The outcome of a message that is not written."""
    details = {
        "older_version": "A newer message about this video was processed before.",
        "unchanged": "The video is catalogued with exactly this content already.",
    }
    return Outcome(kind="duplicate", reason=reason, detail=details[reason])


def letter(outcome: Outcome) -> tuple[str, str]:
    """Reason and detail of a dead letter; an outcome without them is explained by its findings."""
    errors = [finding for finding in outcome.findings if finding.severity == "error"]
    reason = outcome.reason or (errors[0].code if errors else outcome.kind)
    detail = outcome.detail or "; ".join(finding.evidence for finding in errors)
    return reason, detail or f"The video ended {outcome.kind}."
