"""Media that is told what it is, for unit tests of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datalake.adapters.media.windows import cut_windows, sampled_end_us, wanted_times_us
from datalake.adapters.ports import (
    DecodedWindow,
    Frame,
    FrameSource,
    MediaProbe,
    Probe,
    Sampling,
    Window,
)
from datalake.contracts import Finding


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
    """A video made of the given frames, in order of time.

    Args:
        damage: findings by index of a window; they come beside its frames.
        dies_at: findings by index of a window; they come in place of its frames.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        duration_s: float,
        damage: Mapping[int, Finding] | None = None,
        dies_at: Mapping[int, Finding] | None = None,
    ) -> None:
        self._frames, self._duration_s = frames, duration_s
        self._damage, self._dies_at = damage or {}, dies_at or {}

    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """The wanted times, cut by size alone."""
        frame_bytes = max((frame.image.nbytes for frame in self._frames), default=1)
        end_us = sampled_end_us(self._duration_s, sampling)
        wanted = wanted_times_us(end_us, [0], sampling)
        return cut_windows(wanted, [0], max(1, sampling.window_max_bytes // frame_bytes), end_us)

    def decoded(self, window: Window) -> DecodedWindow:
        """The frames first on screen at a wanted time of this window, and what the test said of it."""
        death = self._dies_at.get(window.index)
        if death is not None:
            return DecodedWindow((), (death,))
        chosen: dict[int, Frame] = {}
        for wanted_us in window.wanted_us:
            shown = [frame for frame in self._frames if frame.time_us <= wanted_us]
            if shown and shown[-1].time_us >= window.start_us:
                chosen[shown[-1].time_us] = shown[-1]
        damage = self._damage.get(window.index)
        return DecodedWindow(tuple(chosen.values()), () if damage is None else (damage,))
