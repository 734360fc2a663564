"""What needs an NVIDIA GPU runs where PyTorch finds one, and is skipped elsewhere."""

from __future__ import annotations

import pytest
import torch

HAS_GPU = torch.cuda.is_available()


def needs_gpu(test):
    """Marks a test as `gpu`."""
    return pytest.mark.gpu(pytest.mark.skipif(not HAS_GPU, reason="PyTorch finds no CUDA device")(test))
