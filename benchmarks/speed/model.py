"""The model of the benchmarks: ViT-B/32 with random weights, since its speed does not depend on them."""

from __future__ import annotations

import os
from pathlib import Path

import open_clip
import torch

from datalake import settings
from datalake.adapters.embedders.runtime import torch_device
from datalake.settings import cache_folder

ARCH = "ViT-B-32"
SIDE_PX = 224
DEVICE = torch_device(settings.load().silver.device)
ON_GPU = DEVICE.type == "cuda"


def checkpoint() -> Path:
    """A file of weights; made once a machine."""
    path = cache_folder() / f"benchmark-{ARCH}.pt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        half = path.with_suffix(f".{os.getpid()}.half.pt")
        torch.save(open_clip.create_model(ARCH).state_dict(), half)
        half.replace(path)
    return path
