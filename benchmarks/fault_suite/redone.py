"""What was there more than once, and whether a kill explains it; how long the stack needed to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby, pairwise

from benchmarks.fault_suite.facts import Facts, Row
from benchmarks.fault_suite.faults import Hit

_CLOCK_S = 2.0  # a kill is noted after it happened, a start before it is committed
_COMMIT_S = 0.1  # an end is noted before others can see it
# Up to so long after a kill Airflow resets tasks that it takes for orphans (and that may still run), and the
# watchdog restarts the scheduler.
_AFTERMATH_S = 120.0


def unexplained_mails(facts: Facts) -> list[str]:
    """Repeats of a mail without a kill of their own between the two deliveries."""
    found: list[str] = []
    for mail, times in facts.delivered_mails.items():
        used: list[Hit] = []
        for first, second in pairwise(times):
            kills = [hit for hit in _between(facts.hits, first, second) if hit not in used]
            used += kills[:1]
            if not kills:
                found.append(f"{mail} came again after {second - first:.1f} s")
    return found


def unexplained_attempts(facts: Facts) -> list[str]:
    """Attempts at a video that was through in the same run, or was left or overtaken without any kill.

    A new run of a batch does its messages again from the beginning; what silver has stored it finds there.
    """
    found: list[str] = []
    for (message_id, layer), tries in groupby(facts.attempts, lambda row: (row["message_id"], row["layer"])):
        for before, after in pairwise(tries):
            is_over = before["got_through"] and before["ended_at"] + _COMMIT_S < after["started_at"]
            if is_over and before["run_id"] == after["run_id"]:
                found.append(f"{layer} of {message_id} was through, and done again")
            elif not _between(facts.hits, before["started_at"] - _AFTERMATH_S, after["started_at"]):
                found.append(f"{layer} of {message_id} was begun again without a kill")
    return found


def overfull_deaths(facts: Facts) -> list[str]:
    """Task processes that died with more videos in flight than one may have."""
    cut_short = Counter(row["task_try"] for row in facts.attempts if row["ended_at"] is None)
    return [
        f"a task process died over {count} videos"
        for count in cut_short.values()
        if count > facts.videos_at_once
    ]


def recovery_s(hits: Sequence[Hit], ledger: Iterable[Row]) -> list[float | None]:
    """Seconds from each kill until a message was claimed or ended; None: nothing happened after it."""
    moments = sorted({at for row in ledger for at in (row["received_at"], row["finished_at"]) if at})
    return [next((round(at - hit.at, 3) for at in moments if at > hit.at), None) for hit in hits]


def _between(hits: Collection[Hit], first: float, last: float) -> list[Hit]:
    return [hit for hit in hits if first - _CLOCK_S <= hit.at + hit.lasted_s and hit.at <= last + _CLOCK_S]
