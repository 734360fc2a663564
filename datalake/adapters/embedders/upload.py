"""Pixels on their way to the device of a model."""

from __future__ import annotations

import torch


class Upload:
    """Copies tensors to a device; to a GPU from pinned memory, on a stream of its own.

    So a copy runs beside what the GPU computes of those before, and this thread goes on meanwhile.

    Args:
        device: where the tensors are to be.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copies: torch.cuda.Stream | None = None

    def __call__(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor on the device; on a CPU the tensor itself."""
        if self._device.type != "cuda":
            return tensor.to(self._device)
        self._copies = self._copies or torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        with torch.cuda.stream(self._copies):
            copied = tensor.pin_memory().to(self._device, non_blocking=True)
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._copies)
        copied.record_stream(computing)  # its memory is not given away before the model is through with it
        return copied
