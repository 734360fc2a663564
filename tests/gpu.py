"""What needs an NVIDIA GPU runs where PyTorch finds one, and is skipped elsewhere."""

from __future__ import annotations

import pytest
import torch

HAS_GPU = torch.cuda.is_available()
ON_GPU = (pytest.mark.gpu, pytest.mark.skipif(not HAS_GPU, reason="PyTorch finds no CUDA device"))
"""Marks, for one case of a test."""


def needs_gpu(test):
    """Marks a test as `gpu`."""
    for mark in ON_GPU:
        test = mark(test)
    return test
