from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
import torch

from datalake.adapters.embedders.side_by_side import Rows, SideBySide
from datalake.adapters.ports import Image

CPU = torch.device("cpu")


def images(count: int) -> list[Image]:
    return [np.full((1, 1, 3), number, np.uint8) for number in range(count)]


@pytest.fixture
def cores(request: pytest.FixtureRequest):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


class Model:
    """Gives an image's first byte; notes of each call how many images it had, and how many cores."""

    def __init__(self, at_once: int) -> None:
        self.all_there = threading.Barrier(at_once)
        self.calls: list[tuple[int, int]] = []

    def __call__(self, images: Sequence[Image]) -> Rows:
        self.all_there.wait(20)
        self.calls.append((len(images), torch.get_num_threads()))
        return np.array([[image[0, 0, 0]] for image in images], np.float32)


@pytest.mark.parametrize(
    ("cores", "count", "calls"),
    [
        (1, 9, [(9, 1)]),
        (2, 1, [(1, 2)]),
        (2, 3, [(3, 2)]),
        (2, 4, [(2, 1)] * 2),
        (2, 9, [(4, 1), (5, 1)]),
        (4, 5, [(2, 2), (3, 2)]),
        (8, 6, [(2, 2), (2, 3), (2, 3)]),
        (3, 32, [(10, 1), (11, 1), (11, 1)]),
        (9, 32, [(4, 1)] * 7 + [(4, 2)]),
    ],
    indirect=["cores"],
)
def test_parts_of_a_batch_run_at_once_each_on_its_share_of_the_cores(
    cores: int, count: int, calls: list[tuple[int, int]]
) -> None:
    model = Model(len(calls))
    rows = SideBySide(CPU)(model, images(count))
    assert rows.ravel().tolist() == list(range(count))
    assert sorted(model.calls) == calls


@pytest.mark.parametrize(
    ("cores", "count", "sizes"),
    [
        (1, 3, [3]),
        (1, 9, [3, 3, 3]),
        (2, 8, [4, 4]),
        (2, 10, [2, 2, 3, 3]),
        (4, 33, [2, 3, 3, 2, 3, 3, 2, 3, 3, 3, 3, 3]),
    ],
    indirect=["cores"],
)
def test_no_part_has_more_images_than_it_may_and_no_core_fewer_parts(
    cores: int, count: int, sizes: list[int]
) -> None:
    model = Model(1)
    rows = SideBySide(CPU, most_images=4)(model, images(count))
    assert rows.ravel().tolist() == list(range(count))
    assert sorted(model.calls) == sorted((size, 1) for size in sizes)


@pytest.mark.parametrize("cores", [2], indirect=True)
def test_a_thread_that_begins_later_has_all_cores(cores: int) -> None:
    SideBySide(CPU)(Model(2), images(4))
    found: list[int] = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join(20)
    assert found == [cores]


@pytest.mark.parametrize("cores", [4], indirect=True)
def test_a_gpu_gets_the_whole_batch(cores: int) -> None:
    model = Model(1)
    SideBySide(torch.device("cuda"), most_images=4)(model, images(9))
    assert model.calls == [(9, cores)]


@pytest.mark.parametrize("cores", [2], indirect=True)
def test_memory_of_parts_that_failed_is_free_once_their_error_is(cores: int) -> None:
    """Want of memory is mended by fewer images: what the batch had taken must be gone by then."""
    held: list[weakref.ref[Rows]] = []

    def model(part: Sequence[Image]) -> Rows:
        layer = np.zeros(len(part), np.float32)
        held.append(weakref.ref(layer))
        raise MemoryError(str(layer.size))

    parts = SideBySide(CPU)
    gc.disable()
    try:
        with suppress(MemoryError):
            parts(model, images(4))
        assert [layer() for layer in held] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("cores", [2], indirect=True)
def test_what_one_part_raises_is_raised_once_the_others_have_ended(cores: int) -> None:
    first_has_failed, ended = threading.Event(), []

    def model(part: Sequence[Image]) -> Rows:
        if part[0][0, 0, 0] == 0:
            first_has_failed.set()
            raise MemoryError("no room")
        assert first_has_failed.wait(20)
        ended.append(len(part))
        return np.zeros((len(part), 1), np.float32)

    with pytest.raises(MemoryError, match="no room"):
        SideBySide(CPU)(model, images(8))
    assert ended == [4]
