"""An embedder that sees nothing but colour, for unit tests of layers."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from datalake.adapters.ports import Embedder, Embedding, Image, Label, Vector

_COLOURS = ("red", "green", "blue")


class MemoryEmbedder(Embedder):
    """An image's vector is its mean colour, a text's the colours it names; `batches` holds the sizes."""

    def __init__(
        self, model: str = "memory", fingerprint: str = "0" * 16, labels_fingerprint: str = "colours"
    ) -> None:
        self._model, self._fingerprint = model, fingerprint
        self._labels_fingerprint = labels_fingerprint
        self.batches: list[int] = []

    @property
    def model(self) -> str:
        """As given."""
        return self._model

    @property
    def fingerprint(self) -> str:
        """As given."""
        return self._fingerprint

    @property
    def labels_fingerprint(self) -> str:
        """As given."""
        return self._labels_fingerprint

    @property
    def dim(self) -> int:
        """One dimension a colour, and one for none of them."""
        return len(_COLOURS) + 1

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        """Mean colour, labelled with its strongest part."""
        self.batches.append(len(images))
        return [self._embedding(image) for image in images]

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        """The colours that each text names."""
        return [_unit([float(colour in text) for colour in _COLOURS]) for text in texts]

    def _embedding(self, image: Image) -> Embedding:
        means = [mean / 255 for mean in cv2.mean(image)[:3]]
        best = int(np.argmax(means))
        return Embedding(_unit(means), (Label(_COLOURS[best], round(means[best], 4)),))


def _unit(parts: Sequence[float]) -> Vector:
    vector = np.array([*parts, 1e-3], np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
