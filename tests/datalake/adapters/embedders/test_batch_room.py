from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from datalake.adapters.embedders.batch_room import LARGEST, BatchRoom, GpuMemory, images_that_fit, room_on
from datalake.adapters.ports import Embedder
from tests.gpu import needs_gpu

GIB, MIB = 1024**3, 1024**2


@pytest.mark.parametrize(
    ("bytes_per_image", "free_bytes", "images"),
    [
        (10 * MIB, 0, 1),
        (10 * MIB, -1, 1),
        (10 * GIB, GIB, 1),
        (0, 0, 1),
        (0, GIB, LARGEST),
        (1, GIB, LARGEST),
        (GIB, 2 * GIB, 1),
        (GIB, 4 * GIB - 1, 1),
        (GIB, 4 * GIB, 2),
        (10 * MIB, 7 * GIB, 256),
        (10 * MIB, 70 * GIB, LARGEST),
    ],
)
def test_half_of_what_is_free_is_filled_in_powers_of_two(
    bytes_per_image: int, free_bytes: int, images: int
) -> None:
    assert images_that_fit(bytes_per_image, free_bytes) == images


@dataclass
class Memory(GpuMemory):
    """A GPU's memory that says what it is told to."""

    in_use: int
    most: int
    free: int

    def in_use_bytes(self) -> int:
        return self.in_use

    def most_bytes(self) -> int:
        return self.most

    def free_bytes(self) -> int:
        return self.free


def test_a_call_that_fails_teaches_nothing() -> None:
    room = BatchRoom(Memory(in_use=GIB, most=9 * GIB, free=GIB))
    with pytest.raises(RuntimeError), room.measured(8):
        raise RuntimeError("CUDA out of memory")
    assert room.batch_size == Embedder.USUAL_BATCH_SIZE


def test_it_learns_from_every_call_what_an_image_takes() -> None:
    memory = Memory(in_use=2 * GIB, most=2 * GIB + 320 * MIB, free=20 * GIB)
    room = BatchRoom(memory)
    assert room.batch_size == 32
    with room.measured(32):
        pass
    assert room.batch_size == LARGEST
    memory.free = GIB
    with room.measured(32):
        pass
    assert room.batch_size == 32
    memory.most = 2 * GIB
    with room.measured(1):
        pass
    assert room.batch_size == LARGEST


def test_on_a_cpu_it_stays_as_it_is() -> None:
    room = room_on(torch.device("cpu"))
    with room.measured(1):
        pass
    assert room.batch_size == 32


@needs_gpu
def test_a_gpus_memory_is_measured() -> None:
    room, memory = room_on(torch.device("cuda")), GpuMemory(torch.device("cuda"))
    free_bytes = memory.free_bytes()
    with room.measured(4):
        taken = torch.empty(4 * 64 * MIB, dtype=torch.uint8, device="cuda")
    assert room.batch_size == images_that_fit(64 * MIB, memory.free_bytes())
    assert free_bytes - memory.free_bytes() >= taken.numel()
