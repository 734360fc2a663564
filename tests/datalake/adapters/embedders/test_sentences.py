from __future__ import annotations

import numpy as np
import pytest

from datalake.adapters.embedders.sentences import DIM, SentenceEncoder


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_unit_vectors_in_the_order_of_the_texts(encoder: SentenceEncoder) -> None:
    texts = ["a much longer sentence about a bicycle race in the rain", "cat", ""]
    together = encoder.vectors(texts)
    assert together.shape == (3, DIM)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.stack([encoder.vectors([text])[0] for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)


def test_similar_meanings_are_near(encoder: SentenceEncoder) -> None:
    cat, kitten, lorry = encoder.vectors(["a cat", "a kitten", "a lorry on the motorway"])
    assert cat @ kitten > 0.6 > 0.4 > cat @ lorry
