"""The doors to the world, as small abstract classes; layers know only these.

ABCs rather than Protocols: Hamilton refuses Protocol-typed inputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import numpy as np
import numpy.typing as npt

from datalake.contracts import Finding, MediaFacts, SearchHit, WorkIdentity

Image = npt.NDArray[np.uint8]  # (height, width, 3), RGB
Vector = npt.NDArray[np.float32]  # (dim,), L2-normalised


class Lake(ABC):
    """Objects by key under LAKE_URI; a key is written once and never half."""

    @abstractmethod
    def put_file(self, key: str, path: Path) -> None:
        """Publish a local file atomically; an existing object is left as it is.

        Raises:
            StoreUnavailable: the store cannot be reached or is full.
        """

    @abstractmethod
    def put_bytes(self, key: str, data: bytes) -> None:
        """Publish bytes atomically; an existing object is left as it is."""

    @abstractmethod
    def read_bytes(self, key: str) -> bytes:
        """The whole object; for small ones."""

    @abstractmethod
    def open(self, key: str) -> BinaryIO:
        """A seekable reader."""

    @abstractmethod
    def exists(self, key: str) -> bool:
        """True when the object was published."""

    @abstractmethod
    def local_path(self, key: str) -> AbstractContextManager[Path]:
        """A local file with the object's bytes: the object itself, or a copy that goes away."""

    @abstractmethod
    def scratch(self) -> AbstractContextManager[Path]:
        """A private temporary folder on the lake's own disk where possible, removed at the end."""

    @abstractmethod
    def uri(self, key: str) -> str:
        """The object's URI, for people and other tools."""


class SourceReader(ABC):
    """Reads what a message's URI names, within the allow-list."""

    @abstractmethod
    def chunks(self, uri: str) -> Iterator[bytes]:
        """The bytes, streamed.

        Raises:
            BadVideo: the URI is not allowed, does not exist or is too large.
            StoreUnavailable: the host cannot be reached or broke off.
        """


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


@dataclass(frozen=True)
class Label:
    """A class name and how sure the model is, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True)
class Embedding:
    """One image's vector and, where the model gives them, labels."""

    vector: Vector = field(repr=False)
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class FrameRow:
    """One row of a silver Parquet part: a frame that was looked at.

    A near-duplicate names the kept frame that stands for it (`duplicate_of_us`) and has no point,
    no image and no vector of its own.
    """

    time_us: int
    pts: int
    point_id: UUID | None
    frame_key: str | None
    width_px: int
    height_px: int
    blur: float
    brightness: float
    phash: str
    duplicate_of_us: int | None
    labels: tuple[Label, ...] = ()
    vector: Vector | None = field(default=None, repr=False)


class Embedder(ABC):
    """Images and words into one vector space."""

    @property
    @abstractmethod
    def model(self) -> str:
        """Name of the model as in the settings."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Short hash over weights, preprocessing and code version: all that changes a vector."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        """One embedding an image, in order."""

    @abstractmethod
    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text, in order."""


@dataclass(frozen=True)
class Point:
    """One frame in the vector index."""

    point_id: UUID
    vector: Vector = field(repr=False)
    payload: Mapping[str, Any]


class VectorIndex(ABC):
    """One collection per model; points carry the payload that search filters on."""

    @abstractmethod
    def ensure_collection(self, model: str, fingerprint: str, dim: int) -> None:
        """Create the collection and its payload indexes if missing.

        Raises:
            ConfigurationError: it exists with another dimension or fingerprint.
        """

    @abstractmethod
    def upsert(self, model: str, points: Sequence[Point], generation: int) -> None:
        """Write points whose stored generation is not above `generation`; waits until durable."""

    @abstractmethod
    def set_holders(
        self, model: str, point_ids: Sequence[UUID], video_ids: Sequence[str], generation: int
    ) -> None:
        """Rewrite `video_ids` of existing points not above `generation`; none left deletes them."""

    @abstractmethod
    def search(self, model: str, vector: Vector, limit: int, platform: str | None = None) -> list[SearchHit]:
        """Best points first."""

    @abstractmethod
    def count(self, model: str, work: WorkIdentity | None = None) -> int:
        """Points of the collection, or of one work."""


@dataclass(frozen=True)
class Mail:
    """One e-mail to one recipient."""

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str


class Mailer(ABC):
    """Sends mail."""

    @abstractmethod
    def send(self, mail: Mail) -> None:
        """Hand one mail to the server.

        Raises:
            MailUnavailable: try again later.
            MailRefused: the server refuses this mail or its recipient for good.
            ConfigurationError: the server refuses us, or cannot be spoken to as the settings say.
        """
