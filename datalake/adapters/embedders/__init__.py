"""Embedding models by name: `conse` works offline, `open_clip:...` is every OpenCLIP model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from datalake.adapters.ports import Embedder
from datalake.errors import ConfigurationError
from datalake.libraries import set_policy

__all__ = ["build_embedder"]

set_policy()  # `preload` has said it to tasks; here it is said to whatever else embeds, before PyTorch


def build_embedder(name: str, device: str = "auto", labels_file: Path | None = None) -> Embedder:
    """The embedder that a setting names; its weights are loaded with the first image or text.

    On a GPU that fails it goes on on the CPU, and says so in `on_cpu_because`; also of one that never worked.

    Args:
        name: `conse`, or `open_clip:<arch>/<pretrained tag or checkpoint path>`.
        device: `auto` (CUDA where there is one), `cpu` or `cuda`.
        labels_file: labels for open_clip, one a line; None: ImageNet's. `conse` has classes of its own.

    Raises:
        ConfigurationError: no such embedder, architecture, tag, checkpoint, device, or no labels in the file.
    """
    build = _builder(name, labels_file)
    # only where a model is really asked for may PyTorch cost its import
    from datalake.adapters.embedders.runtime import torch_device, unused_gpu

    on_cpu_because = unused_gpu(device)
    if torch_device(device).type == "cpu" and not on_cpu_because:
        return build("cpu")
    from datalake.adapters.embedders.fallback import FallbackEmbedder

    return FallbackEmbedder(build, on_cpu_because)


def _builder(name: str, labels_file: Path | None) -> Callable[[str], Embedder]:
    """What builds the embedder on a device."""
    if name == "conse":
        from datalake.adapters.embedders.conse import ConseEmbedder

        return ConseEmbedder
    kind, _, model = name.partition(":")
    if kind == "open_clip" and model:
        from datalake.adapters.embedders.open_clip import OpenClipEmbedder

        return lambda device: OpenClipEmbedder(model, device, labels_file)
    raise ConfigurationError(
        f"EMBEDDER={name!r} is unknown; use 'conse' or 'open_clip:<arch>/<pretrained tag or checkpoint path>'"
    )
