"""What each image of a batch gets, and what the batcher learns of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from datalake.adapters.embedders.batch_results import PROBE, batch_results
from datalake.adapters.embedders.batcher import MicroBatcher
from datalake.adapters.ports import Embedder, Embedding, Image, Vector
from datalake.errors import BadVideo, MachineBusy, TerminalError

HOUR_S = 3600.0
NO_ROOM = RuntimeError("DefaultCPUAllocator: can't allocate memory")
LARGE, ODD = 13, 17

Refuse = Callable[[list[int]], Exception | None]


class Model(Embedder):
    """Embeds an image as its first byte; loses as many embeddings as it is told."""

    model, fingerprint, labels_fingerprint, dim = "model", "f" * 16, "l" * 16, 1

    def __init__(self, refuse: Refuse = lambda _: None, lost: int = 0) -> None:
        self._refuse, self._lost = refuse, lost

    def embed(self, images: Sequence[Image]) -> list[Embedding]:
        values = [int(image[0, 0, 0]) for image in images]
        if error := self._refuse(values):
            raise error
        return [Embedding(np.array([value], np.float32)) for value in values][self._lost :]

    def embed_text(self, texts: Sequence[str]) -> list[Vector]:
        return []


def images(*values: int) -> list[Image]:
    return [np.full((2, 2, 3), value, np.uint8) for value in values]


def results(refuse: Refuse, *values: int) -> list[object]:
    found = batch_results(Model(refuse), images(*values), lambda _: None)
    return [int(each.vector[0]) if isinstance(each, Embedding) else type(each) for each in found]


@pytest.mark.parametrize(("offered", "fit", "left"), [(512, 100, 64), (256, 100, 64), (7, 3, 2), (4, 1, 1)])
def test_the_batch_size_is_what_fitted_in_the_end(offered: int, fit: int, left: int) -> None:
    model = Model(lambda batch: NO_ROOM if len(batch) > fit else None)
    with MicroBatcher(model, offered, HOUR_S) as batcher, batcher.producer():
        for _ in range(2):
            assert len(batcher.embed(many(offered))) == offered
            assert batcher.batch_size == left


def many(count: int) -> list[Image]:
    return images(*(number % 250 for number in range(count)))


def test_a_small_batch_that_does_not_fit_says_nothing_of_more_than_its_half() -> None:
    model = Model(lambda batch: NO_ROOM if LARGE in batch and len(batch) > 1 else None)
    with MicroBatcher(model, 100, HOUR_S) as batcher, batcher.producer():
        batcher.embed(images(1, 2, 3, 4, 5, 6))
        assert batcher.batch_size == 100
        batcher.embed(images(1, 2, 3, LARGE))
        assert batcher.batch_size == 1


@pytest.mark.parametrize("error", [NO_ROOM, MemoryError()])
def test_an_image_for_which_there_is_no_room_is_tried_later_and_the_others_keep_their_vectors(error) -> None:
    assert results(lambda batch: error if LARGE in batch else None, 1, 2, LARGE, 3) == [1, 2, MachineBusy, 3]


def test_there_may_be_no_room_beside_an_odd_image() -> None:
    def refuse(batch: list[int]) -> Exception | None:
        if ODD in batch:
            return ValueError("odd pixels")
        return NO_ROOM if LARGE in batch else None

    assert results(refuse, 1, ODD, LARGE) == [1, BadVideo, MachineBusy]


@pytest.mark.parametrize("error", [NO_ROOM, MemoryError()])
def test_an_odd_image_is_not_to_blame_where_there_is_no_room_for_the_plainest(error) -> None:
    def refuse(batch: list[int]) -> Exception | None:
        if batch == [PROBE[0, 0, 0]]:
            return error
        return ValueError("odd pixels") if ODD in batch else None

    assert results(refuse, 1, ODD) == [1, MachineBusy]


@pytest.mark.parametrize("count", [1, 3])
def test_who_gets_too_few_vectors_is_told(count: int) -> None:
    with (
        MicroBatcher(Model(lost=1), 8, HOUR_S) as batcher,
        batcher.producer(),
        pytest.raises(TerminalError, match=f"gave {count - 1} embeddings for {count} images"),
    ):
        batcher.embed(images(*range(count)))
