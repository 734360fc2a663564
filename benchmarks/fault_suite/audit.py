"""Judges what the faults left behind. Pure: facts in, one verdict a promise out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.fault_suite.facts import Facts
from benchmarks.fault_suite.redone import overfull_deaths, unexplained_attempts, unexplained_mails

EXAMPLES = 5


@dataclass(frozen=True)
class Check:
    """One promise.

    Attributes:
        name: what must not be.
        faults: how many were found; kept if 0.
        examples: the first of them.
        numbers: what was counted on the way.
    """

    name: str
    faults: int
    examples: tuple[str, ...] = ()
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool:
        """True when nothing was found."""
        return self.faults == 0


def audit(facts: Facts) -> list[Check]:
    """Every promise, kept or broken."""
    return [check(facts) for check in CHECKS]


def lost(facts: Facts) -> Check:
    """Each message that the broker confirmed is in the ledger, once, with its bytes."""
    rows = Counter((row["partition"], row["offset"], row["sha256"]) for row in facts.ledger)
    confirmed = [(one.partition, one.offset, one.sha256) for one in facts.receipts if one.error is None]
    missing = [f"partition {p} offset {o}" for p, o, sha in confirmed if rows[p, o, sha] != 1]
    return _check("lost", missing, confirmed=len(confirmed), ledger=len(facts.ledger))


def unsent(facts: Facts) -> Check:
    """Everything that was to be sent was confirmed, so the other checks speak about all of it."""
    confirmed = Counter(one.sha256 for one in facts.receipts if one.error is None)
    wanted = Counter(message.sha256 for message in facts.traffic.order)
    names = facts.traffic.by_sha256
    missing = [names[sha].video_id for sha in (wanted - confirmed).elements()]
    return _check("not delivered", missing, sent=sum(wanted.values()))


def unbalanced(facts: Facts) -> Check:
    """What the broker counts is what the ledger holds, and nothing is under way."""
    found, ended = facts.balance, sum(facts.balance.outcomes.values())
    numbers = {"in": found.arrived, "ended": ended, "unread": found.unread, "in progress": found.in_progress}
    wrong = abs(found.arrived + found.typed - found.accounted) + found.unread + found.in_progress
    wrong += found.beyond + len(found.stopped)
    words = " · ".join(f"{name} {number}" for name, number in numbers.items())
    return Check("unbalanced", wrong, (words,) if wrong else (), numbers)


def wrong_outcomes(facts: Facts) -> Check:
    """Of each message one row ended as a first copy does, the others as repeats do."""
    ended: dict[str, Counter[Any]] = {}
    for row in facts.ledger:
        ended.setdefault(row["sha256"], Counter())[row["outcome"], row["reason"]] += 1
    wrong: list[str] = []
    for sha, message in facts.traffic.by_sha256.items():
        found = ended.pop(sha, Counter())
        expected = Counter({message.first: 1})
        expected[message.again] += max(found.total() - 1, 0)
        if found != +expected:
            wrong.append(f"{message.video_id}: {dict(found)}")
    wrong += [f"nobody sent {sha}" for sha in ended]
    outcomes = Counter(row["outcome"] for row in facts.ledger)
    return _check("wrong outcome", wrong, **{str(name): count for name, count in outcomes.items()})


def good_quarantined(facts: Facts) -> Check:
    """No good video ended any other way than done."""
    good = {sha for sha, message in facts.traffic.by_sha256.items() if message.clip}
    fine = ("done", "duplicate", None)
    bad = [
        f"{row['video_id']}: {row['outcome']} {row['reason']}"
        for row in facts.ledger
        if row["sha256"] in good and row["outcome"] not in fine
    ]
    return _check("good video not done", bad, good=len(good))


def wrong_rows(facts: Facts) -> Check:
    """One row a good video, and as many frames as every other copy of its clip has."""
    clips = {message.video_id: message.clip for message in facts.traffic.messages if message.clip}
    found = Counter(row["video_id"] for row in facts.videos)
    wrong = [f"{name}: {found[name]} rows" for name in clips if found[name] != 1]
    wrong += [f"{name} is no good video" for name in found.keys() - clips.keys()]
    sizes: dict[str | None, Counter[tuple[int, int]]] = {}
    for row in facts.videos:
        sizes.setdefault(clips.get(row["video_id"]), Counter())[row["frames"], row["kept"]] += 1
    for row in facts.videos:
        usual = sizes[clips.get(row["video_id"])].most_common(1)[0][0]
        if (row["frames"], row["kept"]) != usual or not row["kept"]:
            wrong.append(f"{row['video_id']}: {row['frames']} frames, {row['kept']} kept; usual: {usual}")
    frames = sum(row["frames"] for row in {row["asset_id"]: row for row in facts.videos}.values())
    return _check("wrong rows", wrong, videos=len(facts.videos), frames=frames)


def wrong_points(facts: Facts) -> Check:
    """The vector index holds exactly the kept frames, each once, held by exactly its videos."""
    counted = Counter(point_id for point_id, _ in facts.points)
    wrong = [f"{point_id} is there {count} times" for point_id, count in counted.items() if count > 1]
    wrong += [f"{point_id} is missing" for point_id in facts.wanted_points.keys() - counted.keys()]
    wrong += [f"{point_id} belongs to nobody" for point_id in counted.keys() - facts.wanted_points.keys()]
    for point_id, held in facts.points:
        wanted = facts.wanted_points.get(point_id)
        if wanted is not None and sorted(wanted) != sorted(held):
            wrong.append(f"{point_id} is held by {list(held)}, not by {list(wanted)}")
    return _check("wrong points", wrong, points=len(facts.points), kept_frames=len(facts.wanted_points))


def wrong_letters(facts: Facts) -> Check:
    """One letter a bad message, published; the topic has each at least once and no other."""
    bad = ("rejected", "quarantined", "failed")
    wanted = Counter((row["sha256"], row["reason"]) for row in facts.ledger if row["outcome"] in bad)
    found = Counter((row["sha256"], row["reason"]) for row in facts.letters)
    wrong = [f"no letter for {sha[:12]} {why}" for sha, why in (wanted - found).elements()]
    wrong += [f"letter too many for {sha[:12]} {why}" for sha, why in (found - wanted).elements()]
    wrong += [f"{row['sha256'][:12]} is not published" for row in facts.letters if not row["is_published"]]
    copies = Counter(sha for sha, _ in wanted.elements())
    published = facts.topic_letters
    wrong += [f"{sha[:12]} is not on the topic" for sha, n in copies.items() if published.get(sha, 0) < n]
    wrong += [f"{sha[:12]} is on the topic and no letter" for sha in published.keys() - copies.keys()]
    repeated = sum(published.values()) - sum(copies.values())
    return _check("wrong letters", wrong, letters=len(facts.letters), repeated_on_topic=repeated)


def wrong_mails(facts: Facts) -> Check:
    """Each mail of the outbox was delivered; between two copies of one there was a kill."""
    known = {row["message_id"] for row in facts.mails}
    wrong = [f"{row['message_id']} is {row['state']}" for row in facts.mails if row["state"] != "sent"]
    wrong += [f"{mail} never arrived" for mail in known - facts.delivered_mails.keys()]
    wrong += [f"{mail} is of nobody" for mail in facts.delivered_mails.keys() - known]
    wrong += unexplained_mails(facts)
    repeats = sum(len(times) - 1 for times in facts.delivered_mails.values())
    return _check("wrong mails", wrong, mails=len(known), repeated=repeats)


def redone(facts: Facts) -> Check:
    """A video was opened again only after a kill cut it short, and a kill cuts few of them short."""
    tries = Counter((row["message_id"], row["layer"]) for row in facts.attempts)
    again = sum(tries.values()) - len(tries)
    wrong = unexplained_attempts(facts) + overfull_deaths(facts)
    return _check("redone for no reason", wrong, attempts=sum(tries.values()), again=again)


def not_drained(facts: Facts) -> Check:
    """After the last kill everything came to its end in time."""
    late = ["something was still under way"] if facts.drained_s is None else []
    return _check("not drained", late, drained_s=facts.drained_s)


CHECKS: tuple[Callable[[Facts], Check], ...] = (
    unsent,
    lost,
    unbalanced,
    wrong_outcomes,
    good_quarantined,
    wrong_rows,
    wrong_points,
    wrong_letters,
    wrong_mails,
    redone,
    not_drained,
)


def _check(name: str, wrong: Sequence[str] | Iterable[str], **numbers: Any) -> Check:
    found = list(wrong)
    return Check(name, len(found), tuple(found[:EXAMPLES]), numbers)
