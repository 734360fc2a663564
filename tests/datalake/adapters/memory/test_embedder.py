from __future__ import annotations

import numpy as np

from datalake.adapters.memory.embedder import MemoryEmbedder


def test_colours_find_each_other() -> None:
    embedder = MemoryEmbedder()
    red, blue = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    [red_seen, blue_seen] = embedder.embed([red, blue])
    [red_meant] = embedder.embed_text(["something red"])
    assert float(red_seen.vector @ red_meant) > 0.99 > 0.01 > float(blue_seen.vector @ red_meant)
    assert [seen.labels[0].name for seen in (red_seen, blue_seen)] == ["red", "blue"]
    assert (embedder.batches, len(red_meant)) == ([2], embedder.dim)


def test_it_is_known_by_what_it_is_told() -> None:
    embedder = MemoryEmbedder("model", fingerprint="f", labels_fingerprint="l")
    assert (embedder.model, embedder.fingerprint, embedder.labels_fingerprint) == ("model", "f", "l")
