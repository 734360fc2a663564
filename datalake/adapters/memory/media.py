"""Media that is told what it is, for unit tests of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datalake.adapters.media.windows import cut_windows, wanted_times_us
from datalake.adapters.ports import Frame, FrameSource, MediaProbe, Probe, Window
from datalake.errors import BadVideo


class MemoryMediaProbe(MediaProbe):
    """Answers by the file's bytes; anything else is `default`."""

    def __init__(self, default: Probe, by_content: Mapping[bytes, Probe] | None = None) -> None:
        self._default, self._by_content = default, by_content or {}
        self.probed: list[Path] = []

    def probe(self, path: Path) -> Probe:
        """What the test said about these bytes."""
        self.probed.append(path)
        return self._by_content.get(path.read_bytes(), self._default)


class MemoryFrameSource(FrameSource):
    """A video made of the given frames, in order of time; `fails_at` raises in that window."""

    def __init__(
        self, frames: Sequence[Frame], duration_s: float, fails_at: Mapping[int, BadVideo] | None = None
    ) -> None:
        self._frames, self._duration_s, self._fails_at = frames, duration_s, fails_at or {}

    def windows(self, interval_s: float, max_frames: int, window_max_bytes: int) -> Sequence[Window]:
        """The wanted times, cut by size alone."""
        frame_bytes = max((frame.image.nbytes for frame in self._frames), default=1)
        end_us = round(self._duration_s * 1_000_000)
        wanted = wanted_times_us(end_us, interval_s, max_frames)
        return cut_windows(wanted, [0], max(1, window_max_bytes // frame_bytes), end_us)

    def frames(self, window: Window) -> Sequence[Frame]:
        """The frames first on screen at a wanted time of this window."""
        if window.index in self._fails_at:
            raise self._fails_at[window.index]
        chosen: dict[int, Frame] = {}
        for wanted_us in window.wanted_us:
            shown = [frame for frame in self._frames if frame.time_us <= wanted_us]
            if shown and shown[-1].time_us >= window.start_us:
                chosen[shown[-1].time_us] = shown[-1]
        return list(chosen.values())
