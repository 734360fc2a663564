from __future__ import annotations

import numpy as np

from datalake.adapters.memory.embedder import MemoryEmbedder
from datalake.adapters.ports import Frame, Window
from datalake.silver_layer.embedding import embedding_findings, embeddings, vector_dim


class OnCpu(MemoryEmbedder):
    """One whose GPU has failed."""

    on_cpu_because = "OutOfMemoryError: CUDA out of memory"


WINDOW = Window(1, 2_500_000, 5_000_000, (2_500_000,))
FRAMES = [Frame(number, 0, np.full((4, 6, 3), 80 * number, np.uint8)) for number in range(3)]
STORED = [f"images/{number}.jpg" for number in range(3)]


def test_labels_go_where_they_are_not_asked_for_and_vectors_stay() -> None:
    with_labels, without = (embeddings(FRAMES, STORED, MemoryEmbedder(), labels) for labels in (True, False))
    assert all(each.labels for each in with_labels)
    assert not any(each.labels for each in without)
    assert [each.vector.tolist() for each in with_labels] == [each.vector.tolist() for each in without]


def test_a_windows_frames_are_one_call() -> None:
    embedder = MemoryEmbedder()
    embeddings(FRAMES, STORED, embedder, True)
    assert (embedder.batches, vector_dim(embedder)) == ([3], 4)


def test_a_gpu_that_works_and_one_that_nothing_was_asked_of_are_not_told_of() -> None:
    embedder = MemoryEmbedder()
    assert embedding_findings(embeddings(FRAMES, STORED, embedder, True), embedder, WINDOW) == []
    assert embedding_findings([], OnCpu(), WINDOW) == []


def test_a_gpu_that_failed_is_a_warning_with_its_own_words() -> None:
    (found,) = embedding_findings(embeddings(FRAMES, STORED, OnCpu(), True), OnCpu(), WINDOW)
    assert (found.code, found.severity) == ("embedded_on_cpu", "warning")
    assert found.evidence == "from 2.500 s on: OutOfMemoryError: CUDA out of memory"
