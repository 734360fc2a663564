"""Where silver's frames come from, with a lease around it, or nowhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datalake.adapters.ports import DecodedWindow, FrameSource, Sampling, Window
from datalake.contracts import Finding
from datalake.stopping import current_stop


class LeasedFrameSource(FrameSource):
    """Renews the lease with every window, so that only progress keeps it.

    Args:
        source: where the frames come from.
        renew: told which window comes next, and of how many.
    """

    def __init__(self, source: FrameSource, renew: Callable[[Window, int], None]) -> None:
        self._source, self._renew = source, renew
        self._windows: tuple[Window, ...] = ()

    @property
    def known_windows(self) -> tuple[Window, ...]:
        """The windows that the layer was told of; none before it asked."""
        return self._windows

    @property
    def findings(self) -> tuple[Finding, ...]:
        """As the source."""
        return self._source.findings

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """As the source."""
        self._windows = tuple(self._source.windows(sampling))
        return self._windows

    def decoded(self, window: Window) -> DecodedWindow:
        """As the source, after renewing.

        Raises:
            LeaseLost: another task try took over.
        """
        current_stop().check()
        self._renew(window, len(self._windows))
        return self._source.decoded(window)


class NoFrames(FrameSource):
    """Stands in for a video that cannot be worked on any further and goes on all the same: its findings.

    Args:
        findings: why there are no frames; empty where bronze has said it.
        windows: of the video, if it got so far; those that are finished keep their frames.
    """

    def __init__(self, findings: tuple[Finding, ...] = (), windows: tuple[Window, ...] = ()) -> None:
        self._findings, self._windows = findings, windows

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why there are none."""
        return self._findings

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """Those that were known."""
        return self._windows

    def decoded(self, window: Window) -> DecodedWindow:
        """Nothing, whatever the window."""
        return DecodedWindow(())
