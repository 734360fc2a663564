"""An embedder around another one."""

from __future__ import annotations

from datalake.adapters.ports import Embedder


class WrappedEmbedder(Embedder):
    """Says of itself what the embedder inside says, which is `_embedder`; how it embeds is its own."""

    _embedder: Embedder

    @property
    def model(self) -> str:
        """The embedder's."""
        return self._embedder.model

    @property
    def fingerprint(self) -> str:
        """The embedder's; nothing around it is a part of it."""
        return self._embedder.fingerprint

    @property
    def labels_fingerprint(self) -> str:
        """The embedder's."""
        return self._embedder.labels_fingerprint

    @property
    def dim(self) -> int:
        """The embedder's."""
        return self._embedder.dim

    @property
    def batch_size(self) -> int:
        """The embedder's."""
        return self._embedder.batch_size

    @property
    def on_cpu_because(self) -> str:
        """The embedder's."""
        return self._embedder.on_cpu_because
