"""What is in a media file: facts, windows and frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datalake.contracts import Finding, MediaFacts, SamplingMode

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


def believable_s(span_s: float, pictures: int | None) -> float:
    """Seconds of video that may take time to decode: a picture counts as one second at most.

    So a damaged clock, which may say a hundred years, allows no more time than the pictures need.

    Args:
        span_s: as the clock says, seconds.
        pictures: how many there are, if that is known.
    """
    return span_s if pictures is None else min(span_s, pictures)


@dataclass(frozen=True)
class Window:
    """A span of a video and the times wanted in it, microseconds from the start of the video.

    `keyframe_us` is where decoding has to begin, unless it goes on from the window before; `pictures` is how
    many the whole video has, if that is known. Where shots are wanted their times are not known: of each
    interval, the first frame that a shot begins with.
    """

    index: int
    start_us: int
    end_us: int
    wanted_us: tuple[int, ...]
    keyframe_us: int = 0
    shots_every_us: int | None = None
    pictures: int | None = None

    @property
    def decoding_span_s(self) -> float:
        """How much video has to be decoded for it at most, seconds."""
        return believable_s((self.end_us - self.keyframe_us) / 1_000_000, self.pictures)


@dataclass(frozen=True)
class Frame:
    """A decoded frame, upright, with its true time."""

    time_us: int
    pts: int
    image: Image = field(repr=False)


@dataclass(frozen=True)
class Sampling:
    """Which frames of a video are wanted, and how many fit a window.

    Args:
        interval_s: seconds between wanted frames, of keyframes at least; of shots one in each interval.
        max_frames: frames wanted of the whole video, at most; of shots so many intervals are looked at.
        window_max_bytes: decoded pixels that one window may hold.
        duration_limit_s: nothing is wanted from here on; None: to the end.
        mode: how frames are chosen.
    """

    interval_s: float
    max_frames: int
    window_max_bytes: int
    duration_limit_s: float | None = None
    mode: SamplingMode = "interval"


@dataclass(frozen=True)
class DecodedWindow:
    """What could be decoded of a window, and what went wrong with the rest."""

    frames: tuple[Frame, ...]
    findings: tuple[Finding, ...] = ()


class FrameSource(ABC):
    """The frames of one video, window by window, decoded ahead in a child."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why there is no window, where that is known before any was asked for."""
        return ()

    @abstractmethod
    def windows(self, sampling: Sampling) -> Sequence[Window]:
        """The video cut into windows, in order.

        Raises:
            BadVideo: its packets cannot be read.
        """

    @abstractmethod
    def decoded(self, window: Window) -> DecodedWindow:
        """The frames on screen at the wanted times, without repeats.

        Damage is a finding: `decode_failed` beside the frames that are whole; `decoder_hung`,
        `decoder_died` or `decoder_out_of_memory` without any, where trying again did not help.
        """


class Transcoder(ABC):
    """Makes smaller copies of one video, in a process that may die."""

    @property
    @abstractmethod
    def duration_s(self) -> float:
        """How long a proxy of this video has to be, seconds."""

    @abstractmethod
    def proxy(self, height_px: int, folder: Path, tags: Mapping[str, str]) -> Path:
        """An MP4 (H.264, AAC, index first) in `folder`, upright, at most so high, never enlarged.

        Args:
            height_px: height of the upright picture, at most.
            folder: where the file is written; it is named after the height.
            tags: what the file's metadata says, by name.

        Raises:
            BadVideo: it cannot be made; nothing is left in `folder`.
            MachineBusy: `folder` cannot be written; nothing is left there either.
        """
