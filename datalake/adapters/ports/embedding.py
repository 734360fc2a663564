"""Images and words as vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from datalake.adapters.ports.media import Image

Vector = npt.NDArray[np.float32]  # (dim,), L2-normalised


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


class Embedder(ABC):
    """Images and words into one vector space."""

    USUAL_BATCH_SIZE: ClassVar[int] = 32

    @property
    @abstractmethod
    def model(self) -> str:
        """Name of the model as in the settings."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Short hash over weights, preprocessing and code version: all that changes a vector."""

    @property
    def labels_fingerprint(self) -> str:
        """Short hash over all that changes an image's labels; empty where a model gives none."""
        return ""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def batch_size(self) -> int:
        """How many images are best embedded in one call, as far as is known by now."""
        return self.USUAL_BATCH_SIZE

    @property
    def on_cpu_because(self) -> str:
        """Why it goes on on the CPU where a GPU was to do it; empty where that is not so."""
        return ""

    @abstractmethod
    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        """One embedding an image, in order."""

    @abstractmethod
    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text, in order."""
