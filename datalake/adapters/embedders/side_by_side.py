"""A batch in parts, each on cores of its own.

A model is many small steps. Where all cores share each of them, all wait at its end for the last, and the
longer the more decoders run beside them; parts of a batch wait for each other once (ADR 0032).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import cycle

import numpy as np
import numpy.typing as npt
import torch

from datalake.adapters.ports import Image

Rows = npt.NDArray[np.float32]
Model = Callable[[Sequence[Image]], Rows]
_LEAST = 2  # images: a part reads all weights
_MOST = 8  # parts: their threads share Python's lock


class SideBySide:
    """Calls a model with all images of a batch; on a CPU with parts of them, at once or in turn.

    Args:
        device: of the model. PyTorch's cores, as this thread has them, are shared out on a CPU.
        most_images: of a part, on a CPU, three at least: what a model needs for each bounds its memory.
    """

    def __init__(self, device: torch.device, most_images: int = sys.maxsize) -> None:
        is_cpu = device.type == "cpu"
        self._cores = torch.get_num_threads() if is_cpu else 1
        self._most_images = most_images if is_cpu else sys.maxsize
        # asked once, a new thread has the number that was set last: not after ours is set
        self._pool = ThreadPoolExecutor(min(_MOST, self._cores), "embed-part", torch.get_num_threads)

    def __call__(self, model: Model, images: Sequence[Image]) -> Rows:
        """One row an image, in order; what a part raises, once all have ended."""
        at_once = max(1, min(_MOST, self._cores, len(images) // _LEAST))
        count = at_once * math.ceil(len(images) / (at_once * self._most_images))
        if count <= 1:
            return model(images)
        running: list[Future[Rows]] = []
        try:
            start = 0
            for size, cores in zip(_shares(len(images), count), cycle(_shares(self._cores, at_once))):
                part = images[start : start + size]
                running.append(self._pool.submit(self._of_part, model, part, cores))
                start += size
            wait(running)
            rows = []
            while running:
                rows.append(running.pop(0).result())
            return np.concatenate(rows)
        finally:
            wait(running)
            running.clear()  # an error's traceback keeps this frame, and they the memory of parts that failed

    def _of_part(self, model: Model, images: Sequence[Image], cores: int) -> Rows:
        torch.set_num_threads(cores)
        try:
            return model(images)
        finally:
            torch.set_num_threads(self._cores)  # threads that begin later take the number that was set last


def _shares(total: int, count: int) -> list[int]:
    """A total cut into so many whole parts, as even as can be."""
    return [total * (part + 1) // count - total * part // count for part in range(count)]
