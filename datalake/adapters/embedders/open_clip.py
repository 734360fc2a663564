"""Every OpenCLIP model: a pretrained tag that the library can fetch, or a checkpoint file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import open_clip
import torch

from datalake.adapters.embedders.batch_room import room_on
from datalake.adapters.embedders.device_errors import is_gpu_failure
from datalake.adapters.embedders.labels import PROMPT, ZeroShot, label_names, labels_fingerprint
from datalake.adapters.embedders.lean_vit import make_lean
from datalake.adapters.embedders.preprocessing import Preprocessing
from datalake.adapters.embedders.runtime import (
    Once,
    cached_array,
    finer_dtype,
    native_dtype,
    sha256_of,
    short_hash,
    torch_device,
)
from datalake.adapters.embedders.side_by_side import SideBySide
from datalake.adapters.ports import Embedder, Embedding, Image, Vector
from datalake.errors import ConfigurationError, StoreUnavailable

_CODE_VERSION = 2
_TEXTS_AT_ONCE = 256
_CHECKPOINT_SUFFIXES = {".pt", ".pth", ".bin", ".safetensors", ".npz"}
_PRECISIONS = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32"}


@dataclass(frozen=True)
class _Weights:
    """Where the weights come from: `tag` or `checkpoint`, never both."""

    arch: str
    tag: str | None = None
    checkpoint: Path | None = None

    @property
    def identity(self) -> str:
        """Names the weights for good: the tag, or the checkpoint's SHA-256."""
        return self.tag if self.checkpoint is None else sha256_of(self.checkpoint)  # type: ignore[return-value]


@dataclass(frozen=True)
class _Loaded:
    model: Any
    preprocess: Preprocessing
    tokenizer: Any


class OpenClipEmbedder(Embedder):
    """One OpenCLIP model; its weights are loaded with the first image or text.

    Args:
        name: `<arch>/<pretrained tag or checkpoint path>`.
        device: `auto`, `cpu` or `cuda`.
        labels_file: what may be in an image, one label a line; None: ImageNet's names.

    Raises:
        ConfigurationError: no such architecture, tag, checkpoint or device, or no labels in the file.
    """

    def __init__(self, name: str, device: str = "auto", labels_file: Path | None = None) -> None:
        self._name = name
        self._weights = _weights(name)
        self._config: dict[str, Any] = open_clip.get_model_config(self._weights.arch)
        self._device = torch_device(device)
        self._dtype = (native_dtype if is_transformer(self._config) else finer_dtype)(self._device)
        self._room, self._in_parts = room_on(self._device), SideBySide(self._device)
        self._loaded = Once(self._load)
        self._fingerprint = Once(self._hashed)
        self._label_names = label_names(labels_file)
        self._zero_shot = Once(self._prompted)

    @property
    def model(self) -> str:
        """`open_clip:` and the name."""
        return f"open_clip:{self._name}"

    @property
    def fingerprint(self) -> str:
        """16 hex digits over weights (tag or SHA-256), architecture, preprocessing and code version."""
        return self._fingerprint()

    @property
    def labels_fingerprint(self) -> str:
        """16 hex digits over the labels, the prompt and the rule."""
        return labels_fingerprint(self._label_names, PROMPT)

    @property
    def dim(self) -> int:
        """The architecture's `embed_dim`."""
        return int(self._config["embed_dim"])

    @property
    def batch_size(self) -> int:
        """What the device has room for."""
        return self._room.batch_size

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        """One embedding an image, with up to five of the labels.

        Raises:
            ValueError: an image is not (height, width, 3) bytes.
            ConfigurationError: the checkpoint does not fit the architecture.
            StoreUnavailable: the tag's weights cannot be fetched.
        """
        if not images:
            return []
        zero_shot = self._zero_shot()
        with self._room.measured(len(images)):
            vectors = self._in_parts(self._vectors, images)
        labels = zero_shot.labels(vectors)
        return [Embedding(vector, found) for vector, found in zip(vectors, labels, strict=True)]

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text.

        Raises:
            ConfigurationError: the checkpoint does not fit the architecture.
            StoreUnavailable: the tag's weights cannot be fetched.
        """
        if not texts:
            return []
        loaded = self._loaded()
        tokens = loaded.tokenizer(list(texts)).to(self._device)
        return list(_unit(loaded.model.encode_text(tokens, normalize=True)))

    @torch.inference_mode()
    def _vectors(self, images: Sequence[Image]) -> Vector:
        """Unit vectors, (images, dim)."""
        loaded = self._loaded()
        return _unit(loaded.model.encode_image(loaded.preprocess(images), normalize=True))

    def _load(self) -> _Loaded:
        weights = self._weights
        try:
            model, _, transform = open_clip.create_model_and_transforms(
                weights.arch,
                pretrained=weights.tag or str(weights.checkpoint),
                precision=_PRECISIONS[self._dtype],
                device=self._device,
            )
        except (RuntimeError, OSError, EOFError, LookupError, UnpicklingError) as error:
            if is_gpu_failure(error):
                raise
            raise _load_error(weights, error) from error
        config = open_clip.get_model_preprocess_cfg(model)
        preprocess = Preprocessing(config, transform, self._device, self._dtype)
        make_lean(model.visual)
        return _Loaded(model.eval(), preprocess, open_clip.get_tokenizer(weights.arch))

    @torch.inference_mode()
    def _prompted(self) -> ZeroShot:
        names, scale = self._label_names, self._loaded().model.logit_scale.exp()
        key = short_hash((self.fingerprint, self.labels_fingerprint))
        vectors = cached_array(f"open-clip-labels-{key}", (len(names), self.dim), self._prompt_vectors)
        return ZeroShot(names, vectors, float(scale))

    def _prompt_vectors(self) -> Vector:
        """Unit vectors of the labels' prompts, (labels, dim)."""
        prompts = [PROMPT.format(label=name) for name in self._label_names]
        starts = range(0, len(prompts), _TEXTS_AT_ONCE)
        return np.stack([v for at in starts for v in self.embed_text(prompts[at : at + _TEXTS_AT_ONCE])])

    def _hashed(self) -> str:
        tag = self._weights.tag
        preprocessing = open_clip.get_pretrained_cfg(self._weights.arch, tag) if tag else {}
        return short_hash([self._weights.identity, self._config, preprocessing, _CODE_VERSION])


def is_transformer(config: Mapping[str, Any]) -> bool:
    """True of an architecture that sees with a vision transformer, OpenCLIP's own or timm's.

    Args:
        config: the architecture, as `open_clip.get_model_config` gives it.
    """
    vision = config["vision_cfg"]
    by_timm = str(vision.get("timm_model_name", ""))
    return by_timm.startswith("vit") if by_timm else isinstance(vision.get("layers", 12), int)


def _weights(name: str) -> _Weights:
    arch, _, source = name.partition("/")
    if arch not in open_clip.list_models():
        raise ConfigurationError(
            f"open_clip has no architecture {arch!r}; {_nearby(arch, open_clip.list_models())}"
        )
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if source in tags:
        return _Weights(arch, tag=source)
    if Path(source).is_file():
        return _Weights(arch, checkpoint=Path(source).absolute())
    if "/" in source or Path(source).suffix in _CHECKPOINT_SUFFIXES:
        raise ConfigurationError(f"there is no checkpoint {Path(source).absolute()} for open_clip:{arch}")
    raise ConfigurationError(
        f"open_clip:{arch} has no pretrained tag {source!r}; {_nearby(source, tags)}"
        " (or give the path of a checkpoint)"
    )


def _nearby(word: str, known: Iterable[str]) -> str:
    """Names a user may have meant; a few known ones if none is close."""
    names = sorted(known)
    close = get_close_matches(word, names, n=5, cutoff=0.5) or names[:5]
    return f"did you mean {', '.join(close)}?" if close else "it has none"


def _load_error(weights: _Weights, error: Exception) -> ConfigurationError | StoreUnavailable:
    if weights.tag:
        return StoreUnavailable(
            f"the weights of open_clip:{weights.arch}/{weights.tag} cannot be fetched: {error}; without a "
            f"network give a checkpoint: EMBEDDER=open_clip:{weights.arch}/<path>"
        )
    return ConfigurationError(f"{weights.checkpoint} is no checkpoint of {weights.arch}: {error}")


def _unit(features: torch.Tensor) -> Vector:
    """Float32 rows of length one; half precision leaves them off by up to a percent."""
    rows = torch.nn.functional.normalize(features.float(), dim=-1)
    return np.asarray(rows.cpu().numpy(), dtype=np.float32)
