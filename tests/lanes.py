"""Two lanes: most tests run side by side, those that fill the machine come last and have it to themselves.

`scripts/test` runs pytest with two workers (pytest-xdist). Each starts the servers that its tests need,
on free ports and in folders of its own. When nothing is left that may run side by side, one worker ends, its
servers with it, and the other one goes on with what starts a whole stack.
"""

from __future__ import annotations

from xdist.scheduler import WorkStealingScheduling
from xdist.scheduler.worksteal import MIN_PENDING

# What starts a whole stack (`tests/test_lanes.py` checks that the marker `stack` is found nowhere else), and
# what gives good files a few seconds beside bad ones that take all they can get.
ALONE = (
    *("tests/e2e/", "tests/integration/"),
    *("tests/faults/test_faults.py", "tests/faults/test_outages.py", "tests/faults/test_rogue_files.py"),
)


def is_alone(node_id: str) -> bool:
    """True for a test that runs while no other one does."""
    return node_id.startswith(ALONE)


class Lanes(WorkStealingScheduling):
    """Workers steal work from each other; the tests of `ALONE` wait for the end, and for the last worker."""

    _alone: list[int] | None = None

    @property
    def tests_finished(self) -> bool:
        """True when nothing is left that a worker has not been given."""
        return not self._alone and super().tests_finished

    @property
    def has_pending(self) -> bool:
        """True while a test has not ended."""
        return bool(self._alone) or super().has_pending

    def check_schedule(self) -> None:
        """Give out what can be given out now."""
        if self._alone is None:
            self._set_aside()
        if self._alone and not self._is_busy():
            self._end_side_by_side()
        else:
            super().check_schedule()

    def _set_aside(self) -> None:
        names = self.collection or []
        beside = [index for index in self.pending if not is_alone(names[index])]
        alone = [index for index in self.pending if is_alone(names[index])]
        if alone and len(beside) < MIN_PENDING * len(self.nodes):  # so few would end every worker at once
            beside, alone = [], [*beside, *alone]
        self._alone = alone
        self.pending[:] = beside

    def _is_busy(self) -> bool:
        """True while a worker has more to do than its last test, which it keeps until it is told to end."""
        return (
            bool(self.pending)
            or self.steal_requested_from_node is not None
            or any(len(pending) >= MIN_PENDING for pending in self.node2pending.values())
        )

    def _end_side_by_side(self) -> None:
        """End all workers but one; once they are gone it gets the other lane."""
        up = [node for node in self.nodes if not node.shutting_down]
        for node in up[1:]:
            node.shutdown()
        if up and len(self.nodes) == 1:
            self.pending, self._alone = self._alone or [], []
            super().check_schedule()
