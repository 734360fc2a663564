"""Images on their way to the device of a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from datalake.adapters.ports import Image


class Upload:
    """Lays images of one shape together on a device; on a GPU from pinned memory, by a stream of its own.

    So a copy runs beside what the GPU computes of those before, and this thread goes on meanwhile. Pinned
    memory is asked for once an upload: to get it takes as long as to copy a small image.

    Args:
        device: where they are to be.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copies: torch.cuda.Stream | None = None

    def __call__(self, images: Sequence[Image]) -> torch.Tensor:
        """(images, height, width, 3) bytes on the device; on a CPU those of a single image are its own."""
        if self._device.type != "cuda":
            return torch.from_numpy(_together(images)).to(self._device)
        self._copies = self._copies or torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        pinned = torch.empty((len(images), *images[0].shape), dtype=torch.uint8, pin_memory=True)
        np.stack(images, out=pinned.numpy())
        with torch.cuda.stream(self._copies):
            copied = pinned.to(self._device, non_blocking=True)
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._copies)
        copied.record_stream(computing)  # its memory is not given away before the model is through with it
        return copied


def _together(images: Sequence[Image]) -> Image:
    """One array of all; a single image itself, unless nobody may write to it: PyTorch cannot promise that."""
    if len(images) == 1 and images[0].flags.writeable:
        return images[0][np.newaxis]
    return np.stack(images)
