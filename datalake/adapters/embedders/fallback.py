"""An embedder that outlives its GPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import TypeVar

import torch

from datalake.adapters.embedders.device_errors import is_gpu_failure, is_out_of_memory
from datalake.adapters.embedders.wrapped import WrappedEmbedder
from datalake.adapters.ports import Embedder, Embedding, Image, Vector

_log = logging.getLogger(__name__)
_MOST_CHARS = 300

# the second one is what a call that waited for CUDA's start raises
_ERRORS = (RuntimeError, torch.cuda.DeferredCudaCallError)

Result = TypeVar("Result")


class FallbackEmbedder(WrappedEmbedder):
    """An embedder on a GPU; once that fails, the same one on the CPU, which gives the same vectors.

    Want of memory for several images is the caller's to mend by fewer; for one image it is a failure. There
    is no way back: a GPU that failed once may fail in the middle of every batch.

    Args:
        build: gives the embedder on a device, `cuda` or `cpu`.
        on_cpu_because: why the GPU is not even tried; empty: it is.
    """

    def __init__(self, build: Callable[[str], Embedder], on_cpu_because: str = "") -> None:
        self._build = build
        self._moving = Lock()
        self._on_cpu_because = ""
        self._on_cpu: Embedder | None = None
        self._embedder = self._unused(on_cpu_because) if on_cpu_because else self._begun()

    @property
    def on_cpu_because(self) -> str:
        """Why the GPU is not used, or its last words; empty as long as it works."""
        return self._on_cpu_because

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        """As the embedder.

        Raises:
            RuntimeError: the GPU's memory is too small for all images at once.
        """
        return self._tried(lambda embedder: embedder.embed(images), can_be_fewer=len(images) > 1)

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        """As the embedder."""
        return self._tried(lambda embedder: embedder.embed_text(texts), can_be_fewer=False)

    def _begun(self) -> Embedder:
        try:
            return self._build("cuda")
        except _ERRORS as error:
            if not is_gpu_failure(error):
                raise
            why = _told(error)
        return self._unused(why)

    def _unused(self, why: str) -> Embedder:
        """On the CPU from the start."""
        self._note(why)
        self._on_cpu = self._build("cpu")
        return self._on_cpu

    def _tried(self, call: Callable[[Embedder], Result], can_be_fewer: bool) -> Result:
        embedder = self._embedder
        try:
            return call(embedder)
        except _ERRORS as error:
            is_final = is_gpu_failure(error) and not (can_be_fewer and is_out_of_memory(error))
            # of the one that was used: another thread may have moved meanwhile
            if embedder is self._on_cpu or not is_final:
                raise
            why = _told(error)
        # outside of the handler: its traceback would keep the GPU's tensors
        del embedder
        self._move(why)
        return call(self._embedder)

    def _move(self, why: str) -> None:
        """Go on on the CPU, unless another thread has seen to it."""
        with self._moving:
            if self._on_cpu is not None:
                return
            self._on_cpu = self._build("cpu")
            self._embedder = self._on_cpu
            self._note(why)
            with suppress(RuntimeError):  # the driver may be gone; if not, others can use the memory
                torch.cuda.empty_cache()

    def _note(self, why: str) -> None:
        self._on_cpu_because = why
        _log.warning("Images are embedded on the CPU: %s", why)


def _told(error: Exception) -> str:
    """The first line of what the GPU said; the others advise programmers."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:_MOST_CHARS]
