"""Embedding: kept frames as vectors, through the batcher that all videos of the chunk share."""

from __future__ import annotations

from hamilton.function_modifiers import tag

from datalake.adapters.ports import Embedder, Embedding, Frame


def vector_dim(embedder: Embedder) -> int:
    """Length of a vector."""
    return embedder.dim


@tag(effect="embeds")
def embeddings(kept_frames: list[Frame], embedder: Embedder) -> list[Embedding]:
    """Unit vector and labels of each kept frame."""
    return embedder.embed([frame.image for frame in kept_frames])
