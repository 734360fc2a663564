"""Where silver's frames come from, with a lease around it, or nowhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datalake.adapters.ports import DecodedWindow, FrameSource, Sampling, Window
from datalake.contracts import Finding


class LeasedFrameSource(FrameSource):
    """Renews the lease with every window, so that only progress keeps it.

    Args:
        source: where the frames come from.
        renew: told how many windows are done, and of how many.
    """

    def __init__(self, source: FrameSource, renew: Callable[[int, int], None]) -> None:
        self._source, self._renew, self._total = source, renew, 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """As the source."""
        return self._source.findings

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """As the source."""
        windows = self._source.windows(sampling)
        self._total = len(windows)
        return windows

    def decoded(self, window: Window) -> DecodedWindow:
        """As the source, after renewing.

        Raises:
            LeaseLost: another task try took over.
        """
        self._renew(min(window.index, self._total), self._total)
        return self._source.decoded(window)


class NoFrames(FrameSource):
    """Stands in for a video that cannot be worked on and goes on all the same: its findings, no frame."""

    def __init__(self, findings: tuple[Finding, ...] = ()) -> None:
        self._findings = findings

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why there are none; empty where bronze has said it."""
        return self._findings

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """None."""
        return ()

    def decoded(self, window: Window) -> DecodedWindow:
        """Nothing, whatever the window."""
        return DecodedWindow(())
