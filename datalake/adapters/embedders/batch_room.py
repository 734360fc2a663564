"""How many images are best embedded at once: on a GPU what its memory has room for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from datalake.adapters.ports import Embedder

LARGEST = 512  # more do not make a model faster, and a batch is also what is lost when one fails
_SHARE = 0.5  # of what is free: larger pictures take more, and other processes use the GPU too


def images_that_fit(bytes_per_image: int, free_bytes: int) -> int:
    """The largest power of two, 1 to 512, of images that take at most half of what is free."""
    fitting = int(free_bytes * _SHARE) // max(1, bytes_per_image)
    return min(LARGEST, 1 << max(0, fitting.bit_length() - 1))


class GpuMemory:
    """The memory of one GPU, as PyTorch sees it.

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def in_use_bytes(self) -> int:
        """What our tensors take now; from here on the most is noted."""
        torch.cuda.reset_peak_memory_stats(self._device)
        return torch.cuda.memory_allocated(self._device)

    def most_bytes(self) -> int:
        """The most that they have taken since."""
        return torch.cuda.max_memory_allocated(self._device)

    def free_bytes(self) -> int:
        """What is free, with what PyTorch keeps for us and nothing uses."""
        free_bytes, _ = torch.cuda.mem_get_info(self._device)
        kept_bytes = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return free_bytes + kept_bytes


class BatchRoom:
    """Learns from every call what an image takes, and so how many fit.

    Args:
        memory: of the GPU; None on a CPU, where nothing is learnt.

    Attributes:
        batch_size: images in one call that are best, as far as is known.
    """

    def __init__(self, memory: GpuMemory | None) -> None:
        self._memory = memory
        self.batch_size = Embedder.USUAL_BATCH_SIZE

    @contextmanager
    def measured(self, images: int) -> Iterator[None]:
        """Around a call that embeds so many images; learns nothing from one that fails."""
        if self._memory is None:
            yield
            return
        before_bytes = self._memory.in_use_bytes()
        yield
        taken_bytes = self._memory.most_bytes() - before_bytes
        self.batch_size = images_that_fit(-(-taken_bytes // images), self._memory.free_bytes())


def room_on(device: torch.device) -> BatchRoom:
    """The room on a model's device."""
    return BatchRoom(GpuMemory(device) if device.type == "cuda" else None)
