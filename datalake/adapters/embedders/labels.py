"""Labels: what a model thinks is in an image, by classes of its own or by a list of words (zero-shot)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datalake.adapters.embedders.runtime import short_hash
from datalake.adapters.ports import Label
from datalake.errors import ConfigurationError

PROMPT = "a photo of a {label}."
_MOST = 5
_MIN_SCORE = 0.05
_CODE_VERSION = 1

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ZeroShot:
    """A list of labels in the space of a model (CLIP, Radford et al. 2021).

    Attributes:
        names: the labels.
        vectors: of their prompts, unit length, (labels, dim).
        scale: what a cosine is multiplied by before the softmax.
    """

    names: tuple[str, ...]
    vectors: Matrix
    scale: float

    def labels(self, vectors: Matrix) -> list[tuple[Label, ...]]:
        """The likeliest labels of each image, given unit vectors, (images, dim)."""
        logits = self.scale * (vectors @ self.vectors.T)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return [best_labels(self.names, row) for row in shares]


def best_labels(names: Sequence[str], scores: npt.NDArray[np.float32]) -> tuple[Label, ...]:
    """At most five labels with a score (0 to 1) of 0.05 or more, best first."""
    likely = np.flatnonzero(scores >= _MIN_SCORE - 1e-3)  # few, and what is rounded up is among them
    best = likely[np.argsort(-scores[likely], kind="stable")[:_MOST]]
    labels = [Label(names[index], round(float(scores[index]), 4)) for index in best]
    return tuple(label for label in labels if label.score >= _MIN_SCORE)


def labels_fingerprint(names: Sequence[str] = (), prompt: str = "") -> str:
    """16 hex digits over the list, the prompt and the rule of `best_labels`."""
    return short_hash((list(names), prompt, _MOST, _MIN_SCORE, _CODE_VERSION))


def imagenet_names() -> tuple[str, ...]:
    """The first name of each of ImageNet's 1000 classes, in order."""
    from timm.data.imagenet_info import ImageNetInfo

    return tuple(text.split(",")[0] for text in ImageNetInfo().label_descriptions())


def label_names(file: Path | None) -> tuple[str, ...]:
    """The labels in a file, one a line, each once; ImageNet's without a file.

    Raises:
        ConfigurationError: the file cannot be read, is no text, or holds no label.
    """
    if file is None:
        return tuple(dict.fromkeys(imagenet_names()))
    remedy = "put one label on each line, in UTF-8, or leave LABELS_FILE empty for ImageNet's"
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"LABELS_FILE={file} cannot be read: {error.strerror}; {remedy}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"LABELS_FILE={file} is not UTF-8 text; {remedy}") from error
    names = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not names or "\x00" in text:
        raise ConfigurationError(f"LABELS_FILE={file} holds no labels; {remedy}")
    return names
