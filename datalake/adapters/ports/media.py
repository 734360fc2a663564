"""What is in a media file: facts, windows and frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datalake.contracts import Finding, MediaFacts

Image = npt.NDArray[np.uint8]  # (height, width, 3), RGB


@dataclass(frozen=True)
class Probe:
    """What a probe of untrusted bytes found; media is None when they are no media file."""

    media: MediaFacts | None
    findings: tuple[Finding, ...] = ()


class MediaProbe(ABC):
    """Looks into a media file, in a process that may die."""

    @abstractmethod
    def probe(self, path: Path) -> Probe:
        """Container and stream facts and what is wrong with them."""


@dataclass(frozen=True)
class Window:
    """A span of a video and the times wanted in it, microseconds from the start of the video."""

    index: int
    start_us: int
    end_us: int
    wanted_us: tuple[int, ...]


@dataclass(frozen=True)
class Frame:
    """A decoded frame, upright, with its true time."""

    time_us: int
    pts: int
    image: Image = field(repr=False)


class FrameSource(ABC):
    """The frames of one video, window by window, decoded ahead in a child."""

    @abstractmethod
    def windows(self, interval_s: float, max_frames: int, window_max_bytes: int) -> Sequence[Window]:
        """The video cut into windows, in order; a window's decoded frames fit `window_max_bytes`."""

    @abstractmethod
    def frames(self, window: Window) -> Sequence[Frame]:
        """The frames on screen at the wanted times, without repeats.

        Raises:
            BadVideo: the decoder failed, hung, or died.
        """
