from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from datalake.adapters.embedders.conse import _MOST_IMAGES, ConseEmbedder
from datalake.adapters.ports import Image


def test_what_is_known_before_any_weights_are_loaded() -> None:
    first, second = ConseEmbedder("cpu"), ConseEmbedder("auto")
    assert (first.model, first.dim) == ("conse", 384)
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 16
    assert first.labels_fingerprint == second.labels_fingerprint != ""


def test_nothing_is_nothing(conse_embedder: ConseEmbedder) -> None:
    assert conse_embedder.embed([]) == []
    assert conse_embedder.embed_text([]) == []


@pytest.fixture(scope="module")
def clip_vectors(conse_embedder: ConseEmbedder, clip_frames: dict[str, list[Image]]) -> dict[str, np.ndarray]:
    return {
        name: np.stack([embedding.vector for embedding in conse_embedder.embed(frames)])
        for name, frames in clip_frames.items()
    }


@pytest.mark.parametrize(
    ("query", "clip"),
    [
        ("a cartoon rabbit", "bunny"),
        ("bicycle race", "bikes"),
        ("person wearing a suit", "interview"),
    ],
)
def test_a_query_finds_its_clip_first(
    query: str, clip: str, conse_embedder: ConseEmbedder, clip_vectors: dict[str, np.ndarray]
) -> None:
    [wanted] = conse_embedder.embed_text([query])
    best = {name: float((vectors @ wanted).max()) for name, vectors in clip_vectors.items()}
    ranking = sorted(best, key=lambda name: -best[name])
    assert ranking[0] == clip
    assert best[ranking[0]] - best[ranking[1]] > 0.03


def test_vectors_have_length_one(clip_vectors: dict[str, np.ndarray]) -> None:
    for vectors in clip_vectors.values():
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_labels_are_what_the_classifier_is_sure_of(
    conse_embedder: ConseEmbedder, clip_frames: dict[str, list[Image]]
) -> None:
    embedding = conse_embedder.embed([clip_frames["bunny"][3]])[0]
    assert embedding.labels[0].name == "albatross"  # the bird that flies past the rabbit
    scores = [label.score for label in embedding.labels]
    assert scores == sorted(scores, reverse=True)
    assert all(0.05 <= score <= 1 for score in scores)


def test_an_image_has_one_vector_whatever_batch_it_is_in(
    conse_embedder: ConseEmbedder, clip_frames: dict[str, list[Image]]
) -> None:
    frames = [frame for found in clip_frames.values() for frame in found]
    assert len(frames) > 2 * _MOST_IMAGES
    together = conse_embedder.embed(frames)
    for frame, embedding in zip(frames, together, strict=True):
        [alone] = conse_embedder.embed([frame])
        assert float(alone.vector @ embedding.vector) > 0.99


def test_on_a_cpu_the_network_has_few_images_at_once(
    clip_frames: dict[str, list[Image]], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, sizes = ConseEmbedder("cpu"), []
    whole = embedder._probabilities

    def probabilities(images: Sequence[Image]) -> npt.NDArray[np.float32]:
        sizes.append(len(images))
        return whole(images)

    monkeypatch.setattr(embedder, "_probabilities", probabilities)
    frames = [frame for found in clip_frames.values() for frame in found]
    embedder.embed(frames)
    assert sum(sizes) == len(frames)
    assert max(sizes) <= _MOST_IMAGES < len(frames)


def test_what_is_no_image_is_refused(conse_embedder: ConseEmbedder) -> None:
    with pytest.raises(ValueError, match="uint8"):
        conse_embedder.embed([np.zeros((8, 8), np.uint8)])
