"""Embedding: kept frames as vectors, through the batcher that all videos of the chunk share."""

from __future__ import annotations

from hamilton.function_modifiers import tag

from datalake.adapters.ports import Embedder, Embedding, Frame, Window
from datalake.contracts import Finding
from datalake.findings import finding


def vector_dim(embedder: Embedder) -> int:
    """Length of a vector."""
    return embedder.dim


@tag(effect="embeds")
def embeddings(
    cropped_frames: list[Frame], stored_images: list[str], embedder: Embedder, labels: bool
) -> list[Embedding]:
    """Unit vector of each kept frame, with labels if asked (scores 0 to 1), once its image is stored."""
    embedded = embedder.embed([frame.image for frame in cropped_frames])
    return embedded if labels else [Embedding(each.vector) for each in embedded]


def embedding_findings(embeddings: list[Embedding], embedder: Embedder, window: Window) -> list[Finding]:
    """That the window's frames were embedded on the CPU where a GPU was to do it, and why."""
    if not embeddings or not embedder.on_cpu_because:
        return []
    where = f"from {window.start_us / 1e6:.3f} s on"
    return [finding("embedded_on_cpu", f"{where}: {embedder.on_cpu_because}")]
