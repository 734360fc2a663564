from __future__ import annotations

import numpy as np

from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.ports import Frame
from datalake.silver_layer.embedding import embeddings, vector_dim

FRAMES = [Frame(number, 0, np.full((4, 6, 3), 80 * number, np.uint8)) for number in range(3)]


def test_labels_go_where_they_are_not_asked_for_and_vectors_stay() -> None:
    with_labels, without = (embeddings(FRAMES, MemoryEmbedder(), labels) for labels in (True, False))
    assert all(each.labels for each in with_labels)
    assert not any(each.labels for each in without)
    assert [each.vector.tolist() for each in with_labels] == [each.vector.tolist() for each in without]


def test_a_windows_frames_are_one_call() -> None:
    embedder = MemoryEmbedder()
    embeddings(FRAMES, embedder, True)
    assert (embedder.batches, vector_dim(embedder)) == ([3], 4)
