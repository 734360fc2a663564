from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from datalake.adapters.embedders.labels import (
    ZeroShot,
    best_labels,
    imagenet_names,
    label_names,
    labels_fingerprint,
)
from datalake.errors import ConfigurationError


def told(*labels: tuple[str, float]) -> list[tuple[str, float]]:
    return [(name, pytest.approx(score, abs=1e-4)) for name, score in labels]


def pairs(labels) -> list[tuple[str, float]]:
    return [(label.name, label.score) for label in labels]


def test_the_best_five_with_a_share_worth_telling() -> None:
    scores = np.array([0.04, 0.3, 0.2, 0.06, 0.1, 0.12, 0.18], np.float32)
    assert pairs(best_labels("abcdefg", scores)) == told(
        ("b", 0.3), ("c", 0.2), ("g", 0.18), ("f", 0.12), ("e", 0.1)
    )
    assert best_labels("ab", np.array([0.04, 0.01], np.float32)) == ()
    assert pairs(best_labels("abc", np.array([0.0499, 0.04996, 0.05], np.float32))) == told(
        ("c", 0.05), ("b", 0.05)
    )


def test_zero_shot_is_a_softmax_over_scaled_cosines() -> None:
    zero_shot = ZeroShot(("cat", "dog", "car"), np.eye(3, dtype=np.float32), scale=4.0)
    found, other = zero_shot.labels(np.array([[0.8, 0.6, 0.0], [0.0, 0.0, 1.0]], np.float32))
    shares = np.exp(4 * np.array([0.8, 0.6, 0.0]))
    cat, dog, _ = shares / shares.sum()
    assert pairs(found) == told(("cat", cat), ("dog", dog))
    assert pairs(other) == told(("car", math.exp(4) / (math.exp(4) + 2)))


def test_a_large_scale_does_not_overflow() -> None:
    zero_shot = ZeroShot(("a", "b"), np.eye(2, dtype=np.float32), scale=1e6)
    found = zero_shot.labels(np.array([[1.0, 0.0], [0.0, 0.5]], np.float32))
    assert [pairs(labels) for labels in found] == [[("a", 1.0)], [("b", 1.0)]]


def test_labels_come_from_lines_each_once(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes("\ufeffkitten\r\n\n  garbage truck \nkitten\nÄpfel\n".encode())
    assert label_names(file) == ("kitten", "garbage truck", "Äpfel")


def test_without_a_file_they_are_imagenets_each_once() -> None:
    names = label_names(None)
    assert names[:2] == ("tench", "goldfish")
    assert (len(imagenet_names()), len(names)) == (1000, len(set(imagenet_names())))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file"),
        (b"", "holds no labels"),
        (b" \n\n", "holds no labels"),
        (b"cat\x00dog", "holds no labels"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
    ],
    ids=["missing", "empty", "blank", "NUL", "binary"],
)
def test_a_file_without_labels_is_refused_with_a_remedy(
    content: bytes | None, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "labels.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"LABELS_FILE=.*labels\.txt {why}.*; put one label on"):
        label_names(file)


def test_the_fingerprint_follows_list_order_and_prompt() -> None:
    prints = {
        labels_fingerprint(*each) for each in [(), (["a"],), (["a", "b"],), (["b", "a"],), (["a"], "x")]
    }
    assert len(prints) == 5
