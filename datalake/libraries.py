"""How libraries of our tasks use processors and memory; said before they are loaded: each reads it once."""

from __future__ import annotations

import os

POLICY = {
    # sleep while waiting: spinning, the default, takes processors from decoders and other tasks
    "OMP_WAIT_POLICY": "passive",
    # NumPy and OpenCV have little to do for many videos at once: on 16 processors their pools spun for
    # 40 of 55 seconds of processor time
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    # PyTorch takes what is large in pages of 2 MiB: each layer asks the kernel for new memory
    "THP_MEM_ALLOC_ENABLE": "1",
}


def set_policy() -> None:
    """Say it to what this process loads from here on; what the environment says otherwise stays."""
    for name, value in POLICY.items():
        os.environ.setdefault(name, value)
